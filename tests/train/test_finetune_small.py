"""Fine-tuning the vocoder that corrects an inversion: on a predicted mel it begins from that mel's own inversion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from melpact.cli.main import main  # noqa: E402
from melpact.contract.mel import Mel  # noqa: E402
from melpact.corpus.augment import augmentation  # noqa: E402
from melpact.nn.discriminators.periods import PeriodDiscriminatorConfig  # noqa: E402
from melpact.train import journal  # noqa: E402
from melpact.train.beginning import vocoder_at  # noqa: E402
from melpact.train.data import CorpusData  # noqa: E402
from melpact.train.feed import Part  # noqa: E402
from melpact.train.loop import Trainer  # noqa: E402
from melpact.train.predicted import PredictedData  # noqa: E402
from melpact.train.recipes import recipe  # noqa: E402
from melpact.train.runtime import runtime  # noqa: E402
from melpact.vocoders.families import family  # noqa: E402
from melpact.vocoders.griffin_lim.estimate import estimate  # noqa: E402
from melpact.vocoders.neural import NeuralVocoder  # noqa: E402
from melpact.vocoders.shipped import NAMES, shipped  # noqa: E402
from train.material import Tones  # noqa: E402
from train.test_command import packed  # noqa: E402
from train.test_finetune import SPEC, predictions  # noqa: E402

FRAMES = 16


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    return packed(tmp_path_factory.mktemp("corpus"), {"a1": (1.0, "train"), "a2": (0.9, "train"), "b1": (1.1, "valid")})


@pytest.fixture(scope="module")
def mels(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return predictions(corpus, tmp_path_factory.mktemp("mels"))


def test_a_crop_begins_from_the_inversion_of_the_mel_that_it_comes_with(corpus: Path, mels: Path) -> None:
    one = recipe("melpact_small")
    task = one.build(one.debug, PredictedData(CorpusData(corpus), mels, SPEC, 0.5))
    own = CorpusData(corpus).crops(SPEC, frames=FRAMES, batch=4, seed=0, weigh="speaker")
    seen = set()
    for step in range(3):
        batch, true = task.source.batch_at(step, rank=0, world=1), own.batch_at(step)
        for row, predicted in enumerate(batch["predicted"]):
            of_true, of_mel = (
                estimate(Mel(values[row], SPEC), iterations=one.debug.start_iterations)
                for values in (true["mel"], batch["mel"])
            )
            np.testing.assert_array_equal(batch["start"][row], of_mel)
            assert np.array_equal(of_mel, of_true) != predicted
            seen.add(bool(predicted))
    assert seen == {True, False}


def test_augmentation_leaves_what_was_predicted_alone(corpus: Path, mels: Path) -> None:
    """The recipe changes sounds; a prediction is of the sound as it is, so that beside it the sound must be that one."""
    data, louder = PredictedData(CorpusData(corpus), mels, SPEC, 0.5), [augmentation("gain", low_db=6.0, high_db=6.0)]
    mixed = data.crops(SPEC, frames=FRAMES, batch=8, seed=0, augment=louder)
    plain = CorpusData(corpus).crops(SPEC, frames=FRAMES, batch=8, seed=0)
    seen = set()
    for step in range(4):
        got, true = mixed.batch_at(step, rank=0, world=1), plain.batch_at(step)
        for row, predicted in enumerate(got["predicted"]):
            factor = 1.0 if predicted else 10 ** (6 / 20)
            np.testing.assert_allclose(got["audio"][row], factor * true["audio"][row], rtol=1e-4, atol=1e-6)
            moved = np.median(got["mel"][row] - true["mel"][row])
            assert predicted or abs(moved - np.log(factor)) < 0.05
            seen.add(bool(predicted))
    assert seen == {True, False}


def test_the_recipe_as_it_is_tunes_a_file_of_half_weights(
    corpus: Path, mels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    maker = NeuralVocoder.fresh("melpact_small", family("melpact_small").small, SPEC, seed=3)
    maker.save(tmp_path / "start.vocoder", half=True)
    run = tmp_path / "run"
    changes = {"steps": 3, "batch_size": 2, "segment_frames": FRAMES, "validate_every": 3, "validation_sounds": 1,
               "metrics": '["mel_mae"]', "best_by": "mel_mae"}  # fmt: skip
    words = ["train", "vocoder", "--recipe", "melpact_small", "--data", str(corpus), "-o", str(run), "--device", "cpu",
             "--finetune", str(tmp_path / "start.vocoder"), "--mels", str(mels)]  # fmt: skip
    assert main([*words, *(word for name, value in changes.items() for word in ("--set", f"{name}={value}"))]) == 0
    assert "predicted mels for 3 of 3 utterances, verified" in capsys.readouterr().err
    scores: list[Any] = [entry["scores"] for entry in journal.read(run) if entry["kind"] == "validation"]
    assert set(scores[-1]) == {"", "predicted"}
    tuned = vocoder_at(run)
    assert tuned.family == "melpact_small" and dict(tuned.config) == dict(maker.config)
    away = [np.abs(tuned.weights[name] - value.astype(np.float16)).max() for name, value in maker.weights.items()]
    assert 0 < max(away) < 0.02, "three steps after a warm-up that has hardly begun lead not far"


def test_one_that_comes_with_the_package_is_begun_from_by_its_name() -> None:
    name = NAMES[0]
    if not shipped(name, ".vocoder").is_file():
        pytest.skip("no weights in this tree")
    assert vocoder_at(name).weights


def _trained(steps: int, **changes: Any) -> tuple[Trainer, list[dict[str, float]]]:
    """The debug twin with changes, after so many steps, and what each step gave."""
    one = recipe("melpact_small")
    settings = type(one.debug)(**{**one.debug.model_dump(), **changes, "periods": PeriodDiscriminatorConfig.small()})
    with runtime("cpu", settings.precision) as place:
        trainer = Trainer(one.build(settings, Tones()), settings, place)
        batches = [dict(trainer.task.source.batch_at(step, rank=0, world=1)) for step in range(steps)]
        values = [trainer.advance([Part(0, batch, 1.0)]) for batch in batches]
    return trainer, values


def test_a_discriminator_learns_to_tell() -> None:
    """Against a generator that stands still its loss falls."""
    _, values = _trained(
        20, adversarial_weight=1.0, optimiser={"lr": 1e-12}, discriminator_optimiser={"lr": 5e-3, "betas": (0.8, 0.99)}
    )
    said = [step["discriminators/periods"] for step in values]
    assert np.mean(said[-3:]) < 0.7 * np.mean(said[:3])


def test_the_generator_hears_of_the_discriminator() -> None:
    alone, judged = (_trained(2, adversarial_weight=weight)[0].task.players for weight in (0.0, 1.0))
    assert set(alone) == {"generator"} and set(judged) == {"generator", "periods"}
    other = dict(judged["generator"].named_parameters())
    assert max(float((one - other[name]).detach().abs().max()) for name, one in alone["generator"].named_parameters()) > 1e-4
