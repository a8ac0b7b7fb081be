"""CPU milliseconds of one fine-tuning step in PyTorch on one thread: the demo model's weights, batch 64, Adam 5e-4, the first
MNIST training images in order, 25 neurons held at zero. test/oracle/compare-steps.mjs runs it in turn with the engine.

    python3 test/oracle/step_time.py MODEL_FOLDER MNIST_FOLDER [STEPS]
"""
import os
import struct
import sys
import time

import numpy as np
import torch
import torch.nn as nn

from pytorch_reference import weights

torch.set_num_threads(1)
model, mnist, steps = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 200
with open(os.path.join(mnist, "train-images-idx3-ubyte"), "rb") as f:
    f.read(16)
    images = torch.from_numpy(np.frombuffer(f.read(64 * 784 * 60), np.uint8).reshape(-1, 1, 28, 28).astype(np.float32) / 255)
with open(os.path.join(mnist, "train-labels-idx1-ubyte"), "rb") as f:
    f.read(8)
    labels = torch.from_numpy(np.frombuffer(f.read(64 * 60), np.uint8).astype(np.int64))
torch.manual_seed(0)
net = nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(1600, 128), nn.ReLU(), nn.Linear(128, 10))
w = list(weights(model).values())
with torch.no_grad():
    for layer, kernel, bias in ((0, 0, 1), (3, 2, 3)):
        net[layer].weight.copy_(w[kernel].permute(3, 2, 0, 1))
        net[layer].bias.copy_(w[bias])
    # PyTorch flattens channels first, the file channels last.
    net[7].weight.copy_(w[4].reshape(5, 5, 64, 128).permute(3, 2, 0, 1).reshape(128, 1600))
    net[7].bias.copy_(w[5])
    net[9].weight.copy_(w[6].T)
    net[9].bias.copy_(w[7])
optimizer = torch.optim.Adam(net.parameters(), lr=5e-4)
keep = torch.ones(128, 1)
keep[:25] = 0


def step(i):
    at = 64 * (i % 60)
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(net(images[at : at + 64]), labels[at : at + 64])
    loss.backward()
    net[7].weight.grad *= keep
    net[7].bias.grad *= keep[:, 0]
    optimizer.step()


with torch.no_grad():
    net[7].weight *= keep
    net[7].bias *= keep[:, 0]
for i in range(20):
    step(i)
start = time.process_time()
for i in range(steps):
    step(i)
print(f"{1000 * (time.process_time() - start) / steps:.2f}")
