"""Building blocks shared by the architectures, with a depthwise convolution whose gradient is fast on CPUs."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ewardrobe.training.architectures.norms import hold

__all__ = ["ConvNormAct", "DepthwiseConv2d", "SeparableConv", "freeze_norms"]

_CHANNELS_LAST = torch.channels_last


def _weight_gradient(grad: Tensor, x: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
    groups = weight.shape[0]
    gradients = torch.ops.aten.convolution_backward(
        grad,
        x,
        weight,
        [0],
        [stride] * 2,
        [padding] * 2,
        [1, 1],
        False,
        [0, 0],
        groups,
        [False, True, False],
    )
    return gradients[1]  # type: ignore[no-any-return]


def _depthwise_gradients(grad: Tensor, x: Tensor, weight: Tensor, stride: int) -> tuple[Tensor, Tensor]:
    """Gradients for input and weight of a "same" depthwise convolution, made of the kernels oneDNN is fast at.

    PyTorch's CPU backward falls back to a slow reference kernel for 5x5 weight gradients and for strided input
    gradients (40 ms where 1 ms will do). Both can be written with fast ones: a 5x5 weight gradient is four 3x3
    ones on shifted inputs, a strided input gradient is a plain convolution of the gradient spread with zeros.
    """
    size, channels = weight.shape[-1], weight.shape[0]
    grad = grad.contiguous(memory_format=_CHANNELS_LAST)
    spread = grad
    if stride == 2:
        count, _, height, width = x.shape
        zeros = grad.new_zeros((count, height, width, channels))
        zeros[:, ::2, ::2] = grad.permute(0, 2, 3, 1)
        spread = zeros.permute(0, 3, 1, 2)
    grad_x = F.conv2d(spread, weight.flip(2, 3), None, 1, size // 2, 1, channels)
    if size == 3:
        return grad_x, _weight_gradient(grad, x, weight, stride, 1)
    grad_weight = torch.empty_like(weight)
    corner = weight[:, :, :3, :3].contiguous()
    padded = F.pad(x, (2, 2, 2, 2))
    height, width = x.shape[-2:]
    for dy in (0, 2):
        for dx in (0, 2):
            shifted = padded[:, :, dy : dy + height + 2, dx : dx + width + 2]
            shifted = shifted.contiguous(memory_format=_CHANNELS_LAST)
            grad_weight[:, :, dy : dy + 3, dx : dx + 3] = _weight_gradient(grad, shifted, corner, stride, 0)
    return grad_x, grad_weight


class _DepthwiseFunction(torch.autograd.Function):
    """Depthwise convolution with the gradients above."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, stride: int) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.stride = stride
        return F.conv2d(x, weight, None, stride, weight.shape[-1] // 2, 1, weight.shape[0])

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None]:  # type: ignore[override]
        x, weight = ctx.saved_tensors
        return *_depthwise_gradients(grad, x, weight, ctx.stride), None


class _FoldedFunction(torch.autograd.Function):
    """Convolution with bias, then ReLU6 or nothing, as one kernel: PyTorch's own ReLU6 is another pass."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, stride: int, act: bool) -> Tensor:
        groups, pad = x.shape[1] // weight.shape[1], weight.shape[-1] // 2
        if act:
            y = torch.ops.mkldnn._convolution_pointwise(
                x, weight, bias, [pad] * 2, [stride] * 2, [1, 1], groups, "hardtanh", [0.0, 6.0], ""
            )
        else:
            y = F.conv2d(x, weight, bias, stride, pad, 1, groups)
        ctx.save_for_backward(x, weight, y if act else None)
        ctx.stride, ctx.groups = stride, groups
        return y

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor, Tensor, None, None]:  # type: ignore[override]
        x, weight, y = ctx.saved_tensors
        if y is not None:
            grad = torch.ops.aten.hardtanh_backward(grad.contiguous(memory_format=_CHANNELS_LAST), y, 0, 6)
        if ctx.groups == x.shape[1] > 1:
            return *_depthwise_gradients(grad, x, weight, ctx.stride), grad.sum((0, 2, 3)), None, None
        strides, pads = [ctx.stride] * 2, [weight.shape[-1] // 2] * 2
        wanted = [ctx.needs_input_grad[0], True, True]
        gradients = torch.ops.aten.convolution_backward(
            grad, x, weight, [weight.shape[0]], strides, pads, [1, 1], False, [0, 0], ctx.groups, wanted
        )
        return *gradients, None, None


class DepthwiseConv2d(nn.Conv2d):
    """Depthwise convolution, 3x3 or 5x5, stride 1 or 2, "same" padding; the input's sides are even at stride 2."""

    def __init__(self, channels: int, size: int = 3, stride: int = 1) -> None:
        if size not in (3, 5) or stride not in (1, 2):
            raise ValueError(
                f"a depthwise convolution is 3x3 or 5x5 with stride 1 or 2, not {size} and {stride}"
            )
        super().__init__(channels, channels, size, stride, size // 2, groups=channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """float (N, C, H, W) -> float (N, C, H / stride, W / stride)."""
        if not self.training or x.device.type != "cpu":
            return super().forward(x)
        weight = self.weight
        if torch.is_autocast_enabled("cpu"):
            kind = torch.get_autocast_dtype("cpu")
            x, weight = x.to(kind), weight.to(kind)
        return _DepthwiseFunction.apply(x, weight, self.stride[0])  # type: ignore[no-any-return]


class ConvNormAct(nn.Sequential):
    """1x1 or full convolution (or depthwise one), batch norm, ReLU6.

    Attributes:
        frozen: the norm keeps its statistics while training and is folded into the convolution, as at inference.
    """

    frozen = False

    def __init__(
        self,
        inputs: int,
        outputs: int,
        size: int = 1,
        stride: int = 1,
        *,
        depthwise: bool = False,
        act: bool = True,
        eps: float = 1e-5,
    ) -> None:
        conv = (
            DepthwiseConv2d(inputs, size, stride)
            if depthwise
            else nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)
        )
        super().__init__(
            conv, nn.BatchNorm2d(outputs, eps=eps), nn.ReLU6(inplace=True) if act else nn.Identity()
        )

    def forward(self, x: Tensor) -> Tensor:
        """float (N, C, H, W) -> float (N, C, H / stride, W / stride)."""
        if not (self.frozen and self.training):
            return super().forward(x)  # type: ignore[no-any-return]
        conv, norm, act = self
        assert isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
        assert norm.running_mean is not None and norm.running_var is not None
        gain = norm.weight * (norm.running_var + norm.eps).rsqrt()
        weight, bias = conv.weight * gain.view(-1, 1, 1, 1), norm.bias - norm.running_mean * gain
        stride, bounded = conv.stride[0], not isinstance(act, nn.Identity)
        if x.device.type != "cpu" or not torch.backends.mkldnn.is_available():
            y = F.conv2d(x, weight, bias, stride, conv.padding, 1, conv.groups)
            return F.relu6(y) if bounded else y
        if torch.is_autocast_enabled("cpu"):
            kind = torch.get_autocast_dtype("cpu")
            x, weight, bias = x.to(kind), weight.to(kind), bias.to(kind)
        return _FoldedFunction.apply(x, weight, bias, stride, bounded)  # type: ignore[no-any-return]


class SeparableConv(nn.Sequential):
    """Depthwise then pointwise convolution (Xception, Chollet 2017)."""

    def __init__(self, inputs: int, outputs: int, size: int = 3) -> None:
        super().__init__(
            ConvNormAct(inputs, inputs, size, depthwise=True, act=False), ConvNormAct(inputs, outputs)
        )


def freeze_norms(model: nn.Module) -> None:
    """Keep the statistics of all batch norms in `model` while training (their gains still learn).

    For further training with small batches. Those of a `ConvNormAct` are folded, which is faster on CPUs, where a norm
    costs about as much as its convolution; the others are held from the model's next `train()` on.
    """
    folded = set()
    for module in model.modules():
        if isinstance(module, ConvNormAct):
            module.frozen = True
            folded.add(module[1])
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d) and module not in folded:
            hold(module)
