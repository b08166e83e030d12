from hypothesis import given
from hypothesis import strategies as st

from crawler.frontier.cluster.keys import PARTITIONS, Keys, partition_of, scope_of


@given(st.text())
def test_anything_has_a_partition(url: str) -> None:
    assert 0 <= partition_of(url) < PARTITIONS


def test_a_host_has_one_partition_whatever_the_rest_of_the_url() -> None:
    urls = ["https://Nieuws.example/a", "http://nieuws.example:8080/b?c=d", "https://nieuws.example./#e"]
    assert len({partition_of(url) for url in urls}) == 1


def test_hosts_are_spread() -> None:
    found = [partition_of(f"https://krant-{number}.example/") for number in range(5 * PARTITIONS)]
    assert len(set(found)) > 0.95 * PARTITIONS
    assert max(map(found.count, set(found))) < 20


def test_a_scope_is_its_domains_in_any_order() -> None:
    assert scope_of(["a.example", "b.example"]) == scope_of(["b.example", "a.example", "a.example"])
    assert scope_of(["a.example"]) != scope_of(["b.example"])


def test_databases_and_scopes_have_their_own_keys() -> None:
    names = {
        Keys(database=database, scope=scope).stream(1) for database in ("news", "other") for scope in ("0123", "4567")
    }
    assert len(names) == 4
