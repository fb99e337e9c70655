"""The semantic architectures as the shared tests make them: small, with every mode that changes what is computed."""

from typing import Any

import pytest

SMALL_DECODER = (32, 24, 16, 16, 8)
NETS: dict[str, tuple[str, dict[str, Any]]] = {
    "lite-fpn": ("lite-fpn", {"variant": 0, "width": 16}),
    "segformer": ("segformer", {"variant": "b0"}),
    "u2netp": ("u2netp", {}),
    "unet": ("unet", {"encoder": "resnet18", "decoder_channels": SMALL_DECODER}),
    "unet-binary": (
        "unet",
        {"encoder": "mobilenet_v2", "decoder_channels": SMALL_DECODER, "activation": "sigmoid"},
    ),
    "deeplabv3plus": ("deeplabv3plus", {"encoder": "resnet18", "channels": 32}),
    "deeplabv3plus-lite": ("deeplabv3plus", {"encoder": "efficientnet-lite0", "channels": 32}),
}
every_net = pytest.mark.parametrize("net_name", NETS)
