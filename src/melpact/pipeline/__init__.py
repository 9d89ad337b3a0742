"""A pipeline that cannot mismatch: features, text, audio or a mel → mel → sound, every hand-over checked before it runs.

One file per kind of stage: `acoustic` (a user's own model), `normaliser` (undone by itself), `calibrated`, `refining`,
`bridging` (put in where algebra suffices), `vocoding`, `sources`. What runs a model is an engine: `own_code`, `onnx_file`,
`torch_file`; only these two import onnxruntime or torch, and only when such a file is used. `impossible` looks at every
predicted mel.
"""

from melpact.pipeline.acoustic import AcousticModel
from melpact.pipeline.building import rebuilt
from melpact.pipeline.calibrated import Calibrated
from melpact.pipeline.chain import Pipeline
from melpact.pipeline.normaliser import normaliser
from melpact.pipeline.record import Run
from melpact.pipeline.refining import Refined
from melpact.pipeline.sources import Extraction, MelInput, To
from melpact.pipeline.vocoding import OwnVocoder

__all__ = [
    "AcousticModel",
    "Calibrated",
    "Extraction",
    "MelInput",
    "OwnVocoder",
    "Pipeline",
    "Refined",
    "Run",
    "To",
    "normaliser",
    "rebuilt",
]
