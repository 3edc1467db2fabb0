"""Splits of a dataset as situations, through the loader."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from exemplar_data import ExemplarDataset
from exemplar_data.contract import SPLITS

from .errors import DataError
from .plan_tree import MOST_RESOURCES, Figures, Texts
from .situations import COLUMNS, Read, Reading, nodes_of, plans_of, situation_of, words_of
from .vocabulary import Vocabulary

MAX_NEGATIVES = 8
"""Negatives of a situation in one epoch; others may be drawn in the next."""
LEAKING = ("situation_id", "root_id", "split")
ROWS = 4096
"""Looked at at once."""
KEPT = 4096
"""Situations that stay parsed in memory."""


def open_split(uri: str, split: str, generation: int | None, **settings: Any) -> ExemplarDataset:
    """
    Groups of a split; settings as of `ExemplarDataset`. The last batch of an epoch is filled up from its beginning: so the batches of all ranks have
    the same size, and together are those of one process with as many times the groups. Raises ConfigError, SchemaTooNew, DataError or
    StoreUnavailable.
    """
    return ExemplarDataset(uri, "groups", split, generation=generation, columns=COLUMNS, **{"ends": "pad", **settings})


def refuse_leaks(uri: str, generation: int | None) -> None:
    """Raises DataError where a row is of another split than its file, or where a family, all that came of one situation, is in two splits."""
    split_of: dict[str, str] = {}
    for split in SPLITS:
        dataset = ExemplarDataset(uri, "versions", split, generation=generation, columns=LEAKING, shuffle=False, rank=0, world_size=1)
        for batch in dataset.batches(ROWS, "arrow"):
            for situation, root, told in dict.fromkeys(zip(*(batch.column(name).to_pylist() for name in LEAKING), strict=True)):
                if told != split:
                    raise DataError(f"situation {situation} is of split {told}, and stands in a file of split {split}")
                if split_of.setdefault(root, split) != split:
                    raise DataError(f"family {root} is in the splits {split_of[root]} and {split}")


def learn_figures(dataset: ExemplarDataset) -> Figures:
    """Counts the resources that the finals of a split name most often."""
    seen: Counter[tuple[str, str]] = Counter()
    for group in dataset.items():
        for node in nodes_of(plans_of(group)[0]):
            seen.update({(resource["name"], resource["unit"]) for resource in node.get("resources", ())})
    ranked = sorted(seen.items(), key=lambda entry: (-entry[1], entry[0]))
    return Figures(tuple(resource for resource, _ in ranked[:MOST_RESOURCES]))


def learn_vocabulary(dataset: ExemplarDataset, figures: Figures, largest: int) -> Vocabulary:
    def words() -> Iterator[str]:
        for group in dataset.items():
            texts = Texts()
            yield from words_of([situation_of(group, texts, figures, plans_of(group))], texts)

    return Vocabulary.of(words(), largest)


class Parsed:
    """Groups of the loader as situations with their readings. Those met before are kept, while they come with the same negatives."""

    def __init__(self, vocabulary: Vocabulary, figures: Figures) -> None:
        self.vocabulary, self.figures = vocabulary, figures
        self._kept: dict[str, tuple[list[int], Read]] = {}

    def __call__(self, group: dict[str, Any]) -> Read:
        key, drawn = group["situation_id"], [hash(row["plan_json"]) for row in group["negatives"]]
        kept, read = self._kept.get(key, (None, None))
        if kept != drawn:
            texts = Texts()
            situation = situation_of(group, texts, self.figures, plans_of(group))
            read = situation, Reading(self.vocabulary, texts, situation.condition)
            if len(self._kept) >= KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = drawn, read
        return read
