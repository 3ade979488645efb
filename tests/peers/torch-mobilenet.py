"""Writes the MobileNetV1 for CIFAR-10 that docs/results.md trains, with untrained weights: Debian's python3-torch.

usage: torch-mobilenet.py OUT.onnx
"""
import sys

import torch
from torch import nn

# Howard et al. 2017, half as wide, with strides for images of 32x32: output channels and stride of each depthwise separable convolution.
BLOCKS = ((32, 1), (64, 2), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (256, 1), (512, 2), (512, 1))


def layer(inputs, outputs, window, stride, groups):
    return [nn.Conv2d(inputs, outputs, window, stride, window // 2, groups=groups, bias=False), nn.BatchNorm2d(outputs), nn.ReLU6()]


layers, channels = layer(3, 16, 3, 1, 1), 16
for outputs, stride in BLOCKS:
    layers += layer(channels, channels, 3, stride, channels) + layer(channels, outputs, 1, 1, 1)
    channels = outputs
model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10)).eval()
torch.onnx.export(
    model, torch.zeros(1, 3, 32, 32), sys.argv[1], input_names=["image"], output_names=["scores"],
    dynamic_axes={"image": {0: "N"}, "scores": {0: "N"}}, training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False)
