"""A trained encoder to the one file that the product runs, and back.

`save` writes what `index.encoder.QuantizedEncoder` loads: ONNX, its matrices as 8-bit integers
with one scale for each output channel (onnxruntime's dynamic quantisation), and the tokenizer.
`load` reads such a folder as the PyTorch model it came from, but for what 8 bits leave out, so
that a bundled encoder can be trained further.
"""

from __future__ import annotations

import copy
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from tokenizers import Tokenizer
from torch.nn import functional
from transformers import BertConfig, BertModel

from index.encoder import CONFIG_FILE, ENCODER_FILE, TOKENIZER_FILE
from index.training.e5 import PROMPTS

MAX_TOKENS = 256
# Longer questions cost more time than they tell more.
MAX_QUERY_TOKENS = 96
_STEPS = 127
_MATRIX = 2
_TABLE = "bert.embeddings.word_embeddings"
_OUTPUTS = ["sentence_embedding", "token_embeddings", "token_weights"]


class TokenEncoder(torch.nn.Module):
    """A transformer that gives a text one vector, each of its tokens one, and each a weight.

    The text's vector is the mean over its tokens (of the transformer's width); a token's is a
    projection to `token_dimension`; its weight is learned, and 0 for what every question has in
    common: the prompt, the first and the last token.
    """

    def __init__(self, bert: BertModel, token_dimension: int, prompt_tokens: int) -> None:
        """`prompt_tokens` counts the tokens before a question's first own one."""
        super().__init__()
        width = bert.config.hidden_size
        self.bert = bert
        # Plain matrix products: going back, twice as fast on a CPU as PyTorch's fused attention.
        bert.set_attn_implementation("eager")
        self.projection = torch.nn.Linear(width, token_dimension, bias=False)
        self.importance = torch.nn.Linear(width, 1)
        self.prompt_tokens = prompt_tokens
        torch.nn.init.orthogonal_(self.projection.weight)
        torch.nn.init.zeros_(self.importance.weight)
        torch.nn.init.constant_(self.importance.bias, 0.54)  # softplus(0.54) = 1

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The three outputs that `index.encoder.QuantizedEncoder` names, from (n, tokens) ids."""
        return self.read(self.hidden(input_ids, attention_mask), attention_mask)

    def hidden(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """The transformer's last states: (n, tokens, width)."""
        states: torch.Tensor = self.bert(
            input_ids=input_ids, attention_mask=attention_mask
        ).last_hidden_state
        return states

    def read(
        self, hidden: torch.Tensor, attention_mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The three outputs, from the transformer's last states."""
        mask = attention_mask.to(hidden.dtype)
        mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return (
            functional.normalize(mean, dim=-1),
            functional.normalize(self.projection(hidden), dim=-1) * mask[..., None],
            self._weights(hidden, mask),
        )

    def _weights(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        place = torch.arange(mask.shape[1], device=mask.device)[None]
        own = (place >= self.prompt_tokens) & (place < mask.sum(1, keepdim=True) - 1)
        weights = functional.softplus(self.importance(hidden)[..., 0]) * own
        return weights / weights.sum(1, keepdim=True).clamp(min=1e-6)


class RowCodes(torch.nn.Module):
    """A table of word vectors as 8-bit integers with a scale for each row.

    onnxruntime's own quantisation has one scale for the whole table, which blurs it.
    """

    codes: torch.Tensor
    scales: torch.Tensor

    def __init__(self, table: torch.Tensor) -> None:
        """Take the place of an embedding table: (vocabulary, width)."""
        super().__init__()
        scales = table.abs().amax(1, keepdim=True).clamp(min=1e-9) / _STEPS
        self.register_buffer("scales", scales)
        self.register_buffer("codes", (table / scales).round().to(torch.int8))

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        """The vectors of tokens: (n, tokens, width)."""
        vectors: torch.Tensor = self.codes[input_ids].float() * self.scales[input_ids]
        return vectors


@dataclass(frozen=True, slots=True)
class Trainable:
    """An encoder that can be trained, and its tokenizer."""

    model: TokenEncoder
    tokenizer: Tokenizer


def save(trained: Trainable, folder: Path) -> None:
    """Write the model's files into a folder, which may hold others."""
    folder.mkdir(parents=True, exist_ok=True)
    config = trained.model.bert.config
    with tempfile.TemporaryDirectory() as work:
        exact = Path(work) / "exact.onnx"
        _export(trained.model, exact)
        quantize_dynamic(
            exact,
            folder / ENCODER_FILE,
            weight_type=QuantType.QInt8,
            per_channel=True,
            op_types_to_quantize=["MatMul"],
            extra_options={"MatMulConstBOnly": True},
        )
    trained.tokenizer.no_padding()
    trained.tokenizer.no_truncation()
    trained.tokenizer.save(str(folder / TOKENIZER_FILE))
    fields: dict[str, Any] = {
        "prompts": PROMPTS,
        "max_seq_length": MAX_TOKENS,
        "max_query_tokens": MAX_QUERY_TOKENS,
        "pad_id": config.pad_token_id,
        "prompt_tokens": trained.model.prompt_tokens,
        "bert": {name: getattr(config, name) for name in _BERT_FIELDS},
    }
    (folder / CONFIG_FILE).write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")


_BERT_FIELDS = (
    "vocab_size",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "max_position_embeddings",
    "type_vocab_size",
    "layer_norm_eps",
    "pad_token_id",
)


def _export(trained: TokenEncoder, path: Path) -> None:
    model = copy.deepcopy(trained).eval()
    table = RowCodes(trained.bert.embeddings.word_embeddings.weight.detach())
    model.bert.embeddings.set_submodule("word_embeddings", table)
    ids = torch.full((2, 12), 3)
    mask = torch.ones_like(ids)
    mask[1, 8:] = 0
    sizes = {
        0: torch.export.Dim("texts", min=1, max=4096),
        1: torch.export.Dim("tokens", min=2, max=model.bert.config.max_position_embeddings),
    }
    program = torch.onnx.export(
        model,
        (ids, mask),
        dynamo=True,
        input_names=["input_ids", "attention_mask"],
        output_names=_OUTPUTS,
        dynamic_shapes={"input_ids": sizes, "attention_mask": sizes},
        opset_version=20,
        verbose=False,
    )
    if program is None:
        raise RuntimeError("PyTorch exported no program.")
    graph = program.model_proto
    _name_matrices(graph.graph, model, table)
    onnx.save(graph, str(path))


def _name_matrices(graph: onnx.GraphProto, model: TokenEncoder, table: RowCodes) -> None:
    """Call every matrix after the layer it is the (transposed) weight of, and the table's parts
    after the table.

    The export folds the transposition in and so loses the names: the values tell.
    """
    names = {_bytes(layer.weight.T): f"{name}.weight" for name, layer in _linear_layers(model)}
    names |= {_bytes(value): f"{_TABLE}.{part}" for part, value in table.named_buffers()}
    renamed = {}
    for tensor in graph.initializer:
        name = names.get(numpy_helper.to_array(tensor).tobytes())
        if name and len(tensor.dims) == _MATRIX:
            renamed[tensor.name] = name
            tensor.name = name
    for node in graph.node:
        for place, given in enumerate(node.input):
            node.input[place] = renamed.get(given, given)


def _bytes(value: torch.Tensor) -> bytes:
    return value.detach().contiguous().numpy().tobytes()


def _linear_layers(model: TokenEncoder) -> list[tuple[str, torch.nn.Linear]]:
    modules = model.named_modules()
    return [(name, layer) for name, layer in modules if isinstance(layer, torch.nn.Linear)]


def load(folder: Path) -> Trainable:
    """The PyTorch model of a folder that `save` wrote.

    Raises FileNotFoundError where a file is missing, ValueError where the model is another.
    """
    fields = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
    graph = onnx.load(str(folder / ENCODER_FILE)).graph
    found = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    bert = BertModel(BertConfig(**fields["bert"]), add_pooling_layer=False)
    token_dimension = len(_parameter(found, "projection.weight").T)
    model = TokenEncoder(bert, token_dimension, int(fields["prompt_tokens"]))
    turned = {f"{name}.weight" for name, _ in _linear_layers(model)}
    state = {}
    for name in model.state_dict():
        value = _parameter(found, name)
        state[name] = torch.from_numpy(value.T.copy() if name in turned else value)
    model.load_state_dict(state)
    return Trainable(model, Tokenizer.from_file(str(folder / TOKENIZER_FILE)))


def _parameter(found: dict[str, NDArray[Any]], name: str) -> NDArray[np.float32]:
    """A parameter as 32-bit floats, whether the file holds it as it was or quantised."""
    if name == f"{_TABLE}.weight":
        table: NDArray[np.float32] = found[f"{_TABLE}.codes"] * found[f"{_TABLE}.scales"]
        return table
    if name in found:
        value: NDArray[np.float32] = found[name].astype(np.float32)
        return value
    if f"{name}_quantized" not in found:
        raise ValueError(f"The encoder's file holds no {name}.")
    codes = found[f"{name}_quantized"].astype(np.float32)
    exact: NDArray[np.float32] = (codes - found[f"{name}_zero_point"]) * found[f"{name}_scale"]
    return exact
