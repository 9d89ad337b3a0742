"""Networks of speech: what is drawn from likelihoods, the monotone way, the sum over all ways, nothing from the future."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch

from melpact.models.speech.small import places as of_arrays
from melpact.nn.speech.aligner import Aligner, AlignerConfig, diagonal, durations, forward_sum, slots
from melpact.nn.speech.network import DURATIONS, Heard, losses, places
from melpact.nn.speech.picking import picked
from speech.tiny import SIZES, network


def draws(logits: list[float], temperature: float, top_p: float = 1.0, top_k: int = 0, n: int = 4000) -> np.ndarray:
    chance = (torch.arange(n) + 0.5) / n
    rows = torch.tensor(logits).expand(n, -1)
    found = picked(rows, chance, torch.tensor(temperature), torch.tensor(top_p), torch.tensor(float(top_k)))
    return np.bincount(found.numpy(), minlength=len(logits)) / n


def test_drawn_as_often_as_likely() -> None:
    logits = [0.3, -1.0, 1.7, 0.9, -3.0]
    for temperature in (0.5, 1.0, 2.0):
        shares = np.exp(np.array(logits) / temperature)
        assert np.abs(draws(logits, temperature) - shares / shares.sum()).max() < 1e-3


def test_top_p_keeps_the_smallest_set_that_reaches_it_and_top_k_so_many() -> None:
    shares = np.array([0.1, 0.5, 0.15, 0.25])
    logits = np.log(shares).tolist()
    assert draws(logits, 1.0, top_p=0.5).tolist() == [0, 1, 0, 0]
    kept = np.array([0, 0.5, 0, 0.25])
    assert np.abs(draws(logits, 1.0, top_p=0.7) - kept / kept.sum()).max() < 1e-3
    assert np.abs(draws(logits, 1.0, top_k=2) - kept / kept.sum()).max() < 1e-3
    kept = np.array([0, 0.5, 0.15, 0.25])
    assert np.abs(draws(logits, 1.0, top_k=3) - kept / kept.sum()).max() < 1e-3
    assert draws(logits, 0.0).tolist() == [0, 1, 0, 0]


def test_the_best_way_is_the_best_of_all_ways() -> None:
    rng = np.random.default_rng(0)
    for n_slots, n_tokens in ((5, 3), (7, 4), (6, 6), (8, 1)):
        fits = rng.normal(size=(n_slots, n_tokens)).astype(np.float32)
        best, kept = -math.inf, None
        for cuts in itertools.combinations(range(1, n_slots), n_tokens - 1):
            lengths = np.diff([0, *cuts, n_slots])
            total = fits[np.arange(n_slots), np.repeat(np.arange(n_tokens), lengths)].sum()
            if total > best:
                best, kept = total, lengths
        assert durations(fits).tolist() == kept.tolist()


@pytest.mark.parametrize("shared", [True, False])
def test_the_forward_sum_is_the_sum_over_all_ways_with_blanks(shared: bool) -> None:
    """By enumeration: every labelling of the slots with token or blank that reads as the tokens in order."""
    torch.manual_seed(0)
    n_slots, n_tokens = 5, 3
    fits = torch.randn(1, n_slots, n_tokens)
    known = fits.log_softmax(2) if shared else fits
    shares = torch.cat([torch.full((1, n_slots, 1), -1.0), known], 2).log_softmax(2)[0].numpy()
    total = 0.0
    for labels in itertools.product(range(n_tokens + 1), repeat=n_slots):
        read = [label for label, _ in itertools.groupby(labels) if label]
        if read == [1, 2, 3]:
            total += math.exp(sum(shares[slot, label] for slot, label in enumerate(labels)))
    found = forward_sum(fits, torch.tensor([n_slots]), torch.tensor([n_tokens]), shared=shared)
    assert float(found) == pytest.approx(-math.log(total) / n_slots, rel=1e-5)


def test_padding_does_not_change_the_sum() -> None:
    torch.manual_seed(0)
    mel, tokens = torch.randn(1, 80, 48), torch.randint(0, 2, (1, 5, 6))
    with torch.no_grad():
        fits = Aligner(AlignerConfig(width=32, size=16))(mel, tokens)
    counts = torch.tensor([24]), torch.tensor([6])
    wide = torch.nn.functional.pad(fits, (0, 3, 0, 4), value=7.0)
    assert float(forward_sum(wide, *counts)) == pytest.approx(float(forward_sum(fits, *counts)), rel=1e-5)
    near = forward_sum(fits + diagonal(*counts, 0.05), *counts)
    assert float(near) != pytest.approx(float(forward_sum(fits, *counts)), rel=1e-3)


def test_slots_hold_two_frames_one_behind_the_other() -> None:
    mel = torch.arange(2 * 3 * 4).float().reshape(2, 3, 4)
    made = slots(mel)
    assert torch.equal(made[:, 0::2], mel[:, :, 0::2])
    assert torch.equal(made[:, 1::2], mel[:, :, 1::2])


def test_places_are_the_same_for_arrays_and_tensors() -> None:
    lengths = np.array([3, 1, 5, 2])
    owner, place = of_arrays(lengths)
    tensor_owner, tensor_place = places(torch.from_numpy(lengths)[None], len(owner))
    there = slice(0, int(lengths.sum()))
    assert np.array_equal(owner[there], tensor_owner[0].numpy()[there])
    assert np.abs(place - tensor_place[0].numpy()).max() < 1e-6
    assert owner[there].tolist() == [0, 0, 0, 1, 2, 2, 2, 2, 2, 3, 3]
    assert place[0, 0] == pytest.approx(0.5 / 3)


def heard(n_slots: int = 32) -> Heard:
    torch.manual_seed(1)
    n = 8
    tokens = torch.randint(0, 2, (2, 5, n))
    lasting = torch.full((2, n), n_slots // n)
    whole = torch.full((2,), n_slots)
    return Heard(
        torch.randn(2, 80, 2 * n_slots),
        whole,
        tokens,
        torch.full((2,), n),
        lasting,
        torch.zeros(2).long(),
        torch.randn(2, 256),
    )


def test_a_prior_does_not_see_what_it_has_to_foretell() -> None:
    net, batch = network(), heard()
    known = torch.randn(1, SIZES.width, 16)
    voice = torch.randn(1, SIZES.voice_width)
    codes = torch.randint(0, SIZES.levels, (1, 8, SIZES.numbers))
    with torch.no_grad():
        before = net.prior(known, voice, codes)
        for step, number in ((3, 0), (3, 2), (5, 1)):
            other = codes.clone()
            other[0, step, number] = (other[0, step, number] + 1) % SIZES.levels
            away = (net.prior(known, voice, other) - before).abs().amax(-1)[0]
            changed = away > 1e-6
            assert not changed[:step].any()
            assert not changed[step, : number + 1].any()
            assert changed[step, number + 1 :].all()
            assert changed[step + 1].any()
    assert batch.mel.shape[2] == 64


def test_losses_count_what_is_there_alone() -> None:
    net, batch = network(), heard()
    none = torch.zeros(2)
    with torch.no_grad():
        taught = net(batch, unsaid=none, moved=torch.zeros(2, 16, SIZES.numbers), unknown=none.long())
        found = losses(taught, batch)
        beyond = taught.mel.clone()
    short = Heard(**{**vars(batch), "n_slots": torch.tensor([32, 16])})
    beyond[1, :, 32:] += 100
    cut = losses(networks_taught(taught, mel=beyond), short)
    value = ((taught.mel - batch.mel)[0].abs().sum() + (taught.mel - batch.mel)[1, :, :32].abs().sum()) / (80 * 96)
    assert float(cut["value"]) == pytest.approx(float(value), rel=1e-5)
    assert float(found["pace"]) == pytest.approx(
        float(torch.nn.functional.cross_entropy(taught.pace.flatten(0, 1), taught.classes.flatten())), rel=1e-5
    )
    assert taught.classes.unique().tolist() == [DURATIONS.index(4)]


def networks_taught(taught, **changes):
    return type(taught)(**{**vars(taught), **changes})
