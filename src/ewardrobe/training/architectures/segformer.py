"""SegFormer (Xie et al., arXiv 2105.15203), hierarchical transformer and all-MLP decoder, as transformers has it."""

from __future__ import annotations

import re
from typing import ClassVar, Literal, NamedTuple

from torch import Tensor, nn
from transformers import SegformerConfig, SegformerForSemanticSegmentation

from ewardrobe.training.architectures.interface import SemanticNet
from ewardrobe.training.architectures.registry import ModelOptions
from ewardrobe.training.architectures.weights import start_from

__all__ = ["Options", "SegFormer"]

Variant = Literal["b0", "b1", "b2", "b3", "b4", "b5"]


class _Size(NamedTuple):
    """Blocks and channels of the four stages, and the decoder's channels."""

    depths: tuple[int, ...]
    widths: tuple[int, ...]
    decoder: int


_WIDE = (64, 128, 320, 512)
_SIZES = {
    "b0": _Size((2, 2, 2, 2), (32, 64, 160, 256), 256),
    "b1": _Size((2, 2, 2, 2), _WIDE, 256),
    "b2": _Size((3, 4, 6, 3), _WIDE, 768),
    "b3": _Size((3, 4, 18, 3), _WIDE, 768),
    "b4": _Size((3, 8, 27, 3), _WIDE, 768),
    "b5": _Size((3, 6, 40, 3), _WIDE, 768),
}
# Published checkpoints bear the names that transformers used before its version 5.
_RENAMED = (
    (r"encoder\.patch_embeddings\.(\d+)\.", r"stages.\1.patch_embeddings."),
    (r"encoder\.block\.(\d+)\.", r"stages.\1.blocks."),
    (r"encoder\.layer_norm\.(\d+)", r"stages.\1.layer_norm"),
    (r"attention\.self\.query", "attention.q_proj"),
    (r"attention\.self\.key", "attention.k_proj"),
    (r"attention\.self\.value", "attention.v_proj"),
    (r"attention\.self\.sr", "attention.sequence_reduction.sequence_reduction"),
    (r"attention\.self\.layer_norm", "attention.sequence_reduction.layer_norm"),
    (r"attention\.output\.dense", "attention.o_proj"),
    (r"mlp\.dense", "mlp.fc"),
    ("layer_norm_1", "layernorm_before"),
    ("layer_norm_2", "layernorm_after"),
    (r"decode_head\.linear_c\.", "decode_head.linear_projections."),
)


class Options(ModelOptions):
    """`variant`: the size, b0 (3.7 million parameters) to b5 (85 million).

    `weights`: None, a file, a folder that `save_pretrained` wrote, or a repository of the hub, such as "nvidia/mit-b2"
    (the encoder) or "mattmdjaga/segformer_b2_clothes".
    """

    variant: Variant = "b2"


class SegFormer(SemanticNet):
    """Logits at stride 4; names of parameters are those of `SegformerForSemanticSegmentation`."""

    heads: ClassVar[tuple[str, ...]] = ("decode_head.classifier.",)

    def __init__(self, classes: int, variant: Variant = "b2", weights: str | None = None) -> None:
        super().__init__(classes)
        size = _SIZES[variant]
        net = SegformerForSemanticSegmentation(
            SegformerConfig(
                num_labels=classes,
                depths=size.depths,
                hidden_sizes=size.widths,
                decoder_hidden_size=size.decoder,
            )
        )
        self.segformer, self.decode_head = net.segformer, net.decode_head
        start_from(self, weights, hub=True)

    def encoder_parameters(self) -> list[nn.Parameter]:
        """Those of the transformer."""
        return list(self.segformer.parameters())

    def rename(self, name: str) -> str:
        """The name since transformers 5 of a parameter of any release."""
        for old, new in _RENAMED:
            name = re.sub(old, new, name)
        return name

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Logits, float (N, classes, H / 4, W / 4)."""
        features = self.segformer(image, output_hidden_states=True).hidden_states
        return (self.decode_head(features),)
