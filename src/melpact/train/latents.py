"""The prior of a mel VAE, counted on the latents of a corpus. What a prior is, is `models.codec.vae.prior`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from melpact.core.errors import TrainingError
from melpact.models.codec.vae.facts import Facts
from melpact.models.codec.vae.fitting import fitted
from melpact.models.codec.vae.prior import Prior
from melpact.models.codec.vae.vae import EDGE, Floats, network_of
from melpact.train.recipes._refining import unscaled
from melpact.train.task import Data

PACKETS, BATCH = 640, 8
SECONDS = 1.0
_SEED = 0x636F6465


@torch.no_grad()
def prior_of(
    facts: Facts, weights: Mapping[str, Floats], data: Data, packets: int = PACKETS, seconds: float = SECONDS
) -> Prior:
    """Weights and tables for packets of so many seconds, from crops of the training part.

    Raises:
        MelpactError: data of another rate, or too short.
    """
    spec, stride = unscaled(facts.spec), facts.stride[0]
    if data.sample_rate != spec.sample_rate:
        raise TrainingError("the data has another sample rate than the VAE's mel", got=f"{data.sample_rate} Hz",
                            wanted=f"{spec.sample_rate} Hz")  # fmt: skip
    network, fields = network_of(facts, None)
    network.load_state_dict({name: torch.from_numpy(np.array(value, np.float32)) for name, value in weights.items()})
    network.eval()
    left, right = (EDGE, EDGE) if fields is None else fields[0]
    per_s = spec.sample_rate / spec.hop_length / stride
    length = max(1, round(seconds * per_s))
    crops = data.crops(spec, frames=(left + length + right) * stride, batch=BATCH, seed=_SEED)
    latents, variance = [], np.zeros(facts.shape)
    for step in range(-(-packets // BATCH)):
        values = crops.batch_at(step, rank=0, world=1)["mel"]
        given = np.stack([facts.statistics.normalised(one).T for one in values])[:, None]
        mean, log_variance = network.encode(torch.from_numpy(given))
        inner = slice(left, left + length)
        latents += [np.ascontiguousarray(one.transpose(0, 2, 1)) for one in mean[:, :, inner].numpy()]
        variance += log_variance[:, :, inner].exp().mean((0, 2)).double().numpy()
    spread = np.sqrt(variance / -(-packets // BATCH)).astype(np.float32)
    return fitted(latents, spread, per_s)
