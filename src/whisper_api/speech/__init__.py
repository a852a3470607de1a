"""Samples in, text out: a library of its own that knows neither HTTP nor tasks nor settings."""

import os
import sys
from types import ModuleType
from typing import cast

from whisper_api.speech.processor import has_avx512

# Libraries that report their use to their makers must not: what is done here is nobody's business. They read these
# when they are imported, which is later than this. onnxruntime would even keep a database of events on the disk.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

# OpenVINO reports whenever it is imported, and no setting prevents that; but where this package of its cannot be
# imported, it goes on without reporting.
sys.modules.setdefault("openvino_telemetry", cast("ModuleType", None))

# CTranslate2 does not choose AVX-512 for its own part of the work unless it is told to; its libraries do.
if has_avx512():
    os.environ.setdefault("CT2_FORCE_CPU_ISA", "AVX512")
