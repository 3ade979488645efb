"""How long PyTorch takes for a training step of the networks that docs/performance.md compares: Debian's python3-torch.

usage: torch-training.py mnist|resnet8|resnet8-bn THREADS SECONDS
"""
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


class ResNet8(nn.Module):
    """MLPerf Tiny's ResNet8, with batch normalization in training mode or without."""

    def __init__(self, normalized):
        super().__init__()

        def layer(inputs, outputs, stride):
            convolution = nn.Conv2d(inputs, outputs, 3, stride, 1)
            return nn.Sequential(convolution, nn.BatchNorm2d(outputs)) if normalized else convolution

        self.stem = layer(3, 16, 1)
        self.blocks = nn.ModuleList()
        for inputs, outputs, stride in ((16, 16, 1), (16, 32, 2), (32, 64, 2)):
            block = nn.ModuleDict({"a": layer(inputs, outputs, stride), "b": layer(outputs, outputs, 1)})
            if stride > 1:
                block["shortcut"] = nn.Conv2d(inputs, outputs, 1, stride)
            self.blocks.append(block)
        self.head = nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(self.stem(x))
        for block in self.blocks:
            y = block["b"](F.relu(block["a"](x)))
            x = F.relu(y + (block["shortcut"](x) if "shortcut" in block else x))
        return self.head(x.mean((2, 3)))


name, threads, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
torch.set_num_threads(threads)
if name == "mnist":
    model, shape, batch = nn.Sequential(nn.Conv2d(1, 12, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(2028, 10)), (1, 28, 28), 64
else:
    model, shape, batch = ResNet8(name == "resnet8-bn"), (3, 32, 32), 128
optimizer = torch.optim.Adam(model.parameters(), 1e-4)
images, labels = torch.rand(batch * 8, *shape), torch.randint(0, 10, (batch * 8,))


def step(chosen):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images[chosen]), labels[chosen])
    loss.backward()
    optimizer.step()
    return loss.item()


times, processors, begin = [], 0.0, time.perf_counter()
step(torch.arange(batch))
while time.perf_counter() - begin < seconds:
    for chosen in torch.randperm(batch * 8).split(batch):
        start, worked = time.perf_counter(), time.process_time()
        step(chosen)
        times.append(1000 * (time.perf_counter() - start))
        processors += 1000 * (time.process_time() - worked)
print(f"{name}: {threads} threads, {sorted(times)[len(times) // 2]:.2f} ms a step, {processors / len(times):.2f} of processors")
