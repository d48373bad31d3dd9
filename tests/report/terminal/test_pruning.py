from __future__ import annotations

from accelsim.pruning.apply_onnx import PrunedModel
from accelsim.pruning.decide import Kept, PrunedLayer
from accelsim.report.terminal.pruning import pruning_lines
from tests.pruning.models import pruned, two_convolutions
from tests.workload.onnx_frontend.models import model


def with_layers(*layers: PrunedLayer) -> PrunedModel:
    return pruned(model(**two_convolutions("t = Relu(n)")))._replace(layers=layers)


def test_the_most_frequent_reasons_come_first_and_the_others_are_counted() -> None:
    kept = tuple(Kept(count, f"reason {count}") for count in (1, 2, 1200, 4, 3))
    lines = pruning_lines(with_layers(PrunedLayer("a", 2000, 1300, 0, kept)))
    assert lines == [
        "  'a': 1,200 of 2,000 channels stay, as reason 1200",
        "  'a': 4 of 2,000 channels stay, as reason 4",
        "  'a': 3 of 2,000 channels stay, as reason 3",
        "  'a': 3 more stay, for other such reasons",
        "2 of 6 channels removed",
        "parameters: 224 before, 114 now (49.11 % fewer)",
        "MACs of an image of 4x8x8: 6,336 before, 3,168 now (50.00 % fewer)",
    ]
