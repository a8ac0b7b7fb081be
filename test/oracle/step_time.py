"""CPU milliseconds of one fine-tuning step in PyTorch on one thread: SimpleCNN, batch 64, Adam 5e-4, real MNIST, masks held.

    python3 test/oracle/step_time.py MNIST_FOLDER [STEPS]
"""
import os
import struct
import sys
import time

import numpy as np
import torch
import torch.nn as nn

torch.set_num_threads(1)
mnist, steps = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 200
with open(os.path.join(mnist, "train-images-idx3-ubyte"), "rb") as f:
    f.read(16)
    images = torch.from_numpy(np.frombuffer(f.read(64 * 784 * 60), np.uint8).reshape(-1, 1, 28, 28).astype(np.float32) / 255)
with open(os.path.join(mnist, "train-labels-idx1-ubyte"), "rb") as f:
    f.read(8)
    labels = torch.from_numpy(np.frombuffer(f.read(64 * 60), np.uint8).astype(np.int64))
torch.manual_seed(0)
net = nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(1600, 128), nn.ReLU(), nn.Linear(128, 10))
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


for i in range(20):
    step(i)
start = time.process_time()
for i in range(steps):
    step(i)
print(f"{1000 * (time.process_time() - start) / steps:.2f}")
