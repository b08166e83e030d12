"""What a worker does with a page after reading it: the steps of the item pipelines that cost CPU."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from scrapy.utils.conf import build_component_list
from scrapy.utils.misc import load_object

from crawler.article import Outcome

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

Step = Callable[[Outcome], Outcome]
"""What a pipeline does to one item, as a pure function that a worker process can be sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """The steps that workers take before the item pipelines see an item."""

    functions: tuple[Step, ...] = ()
    """In the order of ITEM_PIPELINES."""
    modules: tuple[str, ...] = ()
    """What workers have loaded before: where the functions stand, and what these need."""


def steps_of(settings: BaseSettings) -> Steps:
    """Return the steps of the item pipelines that have one (`step`, and in `loads` the modules it needs).

    They end before the first pipeline without: what stands behind that must see its work. A pipeline lets pass what
    its step has done already, so nothing is done twice, and what comes to it another way is done there.
    """
    # Scrapy's type is an internal one.
    order = build_component_list(cast("Any", settings).get_component_priority_dict_with_base("ITEM_PIPELINES"))
    functions: list[Step] = []
    modules: list[str] = []
    for pipeline in map(load_object, order):
        step: Step | None = getattr(pipeline, "step", None)
        if step is None:
            break
        functions.append(step)
        modules += [step.__module__, *getattr(pipeline, "loads", ())]
    return Steps(functions=tuple(functions), modules=tuple(modules))
