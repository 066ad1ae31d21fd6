"""The bundled transformer, as 8-bit integers: a module that sentence-transformers runs.

The model is one ONNX file, made by `index.training.export`: from token ids to a sentence's unit
vector, one unit vector for each token, and how much each token counts. Its weights are 8-bit
integers with a scale for each output channel, which are a quarter of the size and, on one core,
two to three times as fast as 32-bit floats.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from sentence_transformers.base.modules import InputModule
from tokenizers import Tokenizer

ENCODER_FILE = "encoder.onnx"
TOKENIZER_FILE = "tokenizer.json"
CONFIG_FILE = "encoder.json"


class QuantizedEncoder(InputModule):
    """Token ids to `sentence_embedding` (n, d), `token_embeddings` (n, tokens, e) and
    `token_weights` (n, tokens), which add up to 1 over the tokens of a text.
    """

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        """Load what `save` or the export wrote; `threads` work on a batch (default: all cores).

        Raises FileNotFoundError where a file is missing.
        """
        super().__init__()  # type: ignore[no-untyped-call]
        self.folder = folder
        self.tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
        config = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
        self.max_seq_length = int(config["max_seq_length"])
        self.prompts: dict[str, str] = config["prompts"]
        self._query_tokens = int(config["max_query_tokens"])
        self._pad = int(config["pad_id"])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        # Waiting threads must not keep a core busy that others could use.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(folder / ENCODER_FILE),
            options,
            providers=["CPUExecutionProvider"],
            # The fused operator takes three times as long as the two that it stands for: a sixth
            # of a question's time in the encoder.
            disabled_optimizers=["SkipLayerNormFusion"],
        )

    @staticmethod
    def is_in(folder: Path) -> bool:
        """Whether a folder holds such a model."""
        return (folder / ENCODER_FILE).is_file()

    def preprocess(
        self, inputs: Sequence[Any], prompt: str | None = None, **_: Any
    ) -> dict[str, torch.Tensor | Any]:
        """Texts to padded token ids and their mask: (n, tokens) each."""
        limit = self._query_tokens if prompt == self.prompts["query"] else self.max_seq_length
        encodings = self.tokenizer.encode_batch([(prompt or "") + text for text in inputs])
        # Cut here: the tokenizer's own truncation is a setting that all threads would share.
        rows = [[*e.ids[: limit - 1], e.ids[-1]] if len(e) > limit else e.ids for e in encodings]
        longest = max(map(len, rows))
        return {
            "input_ids": torch.tensor([r + [self._pad] * (longest - len(r)) for r in rows]),
            "attention_mask": torch.tensor([[1] * len(r) + [0] * (longest - len(r)) for r in rows]),
        }

    def forward(
        self, features: dict[str, torch.Tensor | Any], **_: Any
    ) -> dict[str, torch.Tensor | Any]:
        """Run the model on what `preprocess` gave."""
        given = {name: features[name].numpy() for name in ("input_ids", "attention_mask")}
        names = ["sentence_embedding", "token_embeddings", "token_weights"]
        found = self._session.run(names, given)
        return features | {
            name: torch.from_numpy(np.asarray(value))
            for name, value in zip(names, found, strict=True)
        }

    def save(self, output_path: str, *_: Any, **__: Any) -> None:
        """Copy the model's files into another folder."""
        for name in (ENCODER_FILE, TOKENIZER_FILE, CONFIG_FILE):
            shutil.copyfile(self.folder / name, Path(output_path) / name)
