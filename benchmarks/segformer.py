"""A SegFormer-B2 graph at 512x512 with random weights, for timing only; needs `torch` and `transformers`.

python benchmarks/segformer.py segformer-b2.onnx
"""

from __future__ import annotations

import argparse
from pathlib import Path

CLASSES = 18  # as in the published `segformer_b2_clothes`
SIDE = 512


def create(target: Path) -> Path:
    """Write the graph: input `pixel_values` (1, 3, 512, 512), output `logits` (1, 18, 128, 128)."""
    import torch
    from transformers import SegformerConfig, SegformerForSemanticSegmentation

    class Logits(torch.nn.Module):
        def __init__(self, inner: torch.nn.Module) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
            # Since transformers 5 a model that is asked for tuples everywhere does not find its own parts' results.
            return self.inner(pixel_values=pixel_values, return_dict=True).logits  # type: ignore[no-any-return]

    torch.manual_seed(0)
    config = SegformerConfig(
        depths=[3, 4, 6, 3],
        hidden_sizes=[64, 128, 320, 512],
        decoder_hidden_size=768,
        num_labels=CLASSES,
    )
    model = Logits(SegformerForSemanticSegmentation(config)).eval()
    target.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        model,
        (torch.zeros(1, 3, SIDE, SIDE),),
        str(target),
        input_names=["pixel_values"],
        output_names=["logits"],
        opset_version=17,
        dynamo=False,
    )
    return target


def main() -> None:
    parser = argparse.ArgumentParser(description="Export a SegFormer-B2 graph with random weights.")
    parser.add_argument("target", type=Path)
    print(create(parser.parse_args().target))


if __name__ == "__main__":
    main()
