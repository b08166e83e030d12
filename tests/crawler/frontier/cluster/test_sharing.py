from hypothesis import given
from hypothesis import strategies as st

from crawler.frontier.cluster.sharing import plan

NODES = ["a", "b", "c", "d"]
OWNERS = st.dictionaries(st.integers(0, 511), st.sampled_from([None, *NODES]), max_size=40)


def rounds(owners: dict[int, str | None], nodes: list[str]) -> dict[int, str | None]:
    """Let each node carry out its plans until none has any."""
    owners = dict(owners)
    for _ in range(100):
        before = dict(owners)
        for node in nodes:
            found = plan(me=node, nodes=nodes, owners=owners)
            for partition in found.take:
                assert owners[partition] is None
                owners[partition] = node
            for partition in [p for p, owner in sorted(owners.items()) if owner == node][: found.give]:
                owners[partition] = None
        if owners == before:
            return owners
    raise AssertionError("the nodes never come to rest")


@given(OWNERS, st.integers(1, 4))
def test_nodes_come_to_rest_with_fair_shares_and_nothing_left_over(owners: dict[int, str | None], many: int) -> None:
    nodes = NODES[:many]
    # A node that died is no owner any more.
    shared = rounds({p: owner if owner in nodes else None for p, owner in owners.items()}, nodes)
    assert None not in shared.values()
    shares = [sum(owner == node for owner in shared.values()) for node in nodes]
    assert max(shares) <= -(-len(owners) // many)


def test_a_node_that_is_alone_takes_everything() -> None:
    found = plan(me="a", nodes={"a"}, owners=dict.fromkeys(range(20)))
    assert sorted(found.take) == list(range(20))
    assert found.give == 0


def test_a_newcomer_gets_what_the_first_one_gives() -> None:
    owners: dict[int, str | None] = dict.fromkeys(range(10), "a")
    assert plan(me="a", nodes={"a", "b"}, owners=owners).give == 5
    assert plan(me="b", nodes={"a", "b"}, owners=owners).take == ()


def test_nodes_reach_for_different_partitions_first() -> None:
    free: dict[int, str | None] = dict.fromkeys(range(90))
    first = {node: plan(me=node, nodes={"a", "b", "c"}, owners=free).take for node in ("a", "b", "c")}
    assert len({takes[:5] for takes in first.values()}) == 3
