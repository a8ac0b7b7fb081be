"""Makes test/fixtures/formats/: two small networks and some arrays, as each framework writes them itself.

    python formats.py OUT            writes OUT/formats/

`expected.json` says what the frameworks compute from these files: for each file the outputs for two images of 4x4 pixels. It is made
by opening the files again, so it also proves that they can be opened.

Keras writes the time and addresses in memory into .keras files, PyTorch addresses into old .pth files, and places of source files
into .onnx and TorchScript files. They are replaced by fixed ones or left out; nothing else differs from what the framework writes.
"""
import json
import os
import pathlib
import pickle
import re
import shutil
import struct
import sys
import zipfile
from unittest import mock

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
os.environ.setdefault('CUDA_VISIBLE_DEVICES', '')
import h5py
import keras
import numpy as np
import onnxruntime
import safetensors.torch
import tensorflow as tf
import torch
import torch._sources
from keras.src.legacy.saving import legacy_h5_format

IMAGES = (np.arange(32, dtype='float32') % 7 / 7).reshape(2, 4, 4)


def keras_network():
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.layers.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(2, activation='softmax')])


def torch_network():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, 2))


def save_keras(network, file):
    """A .keras file of a fixed time, the objects that layers share numbered from 1."""
    network.save(file)
    with zipfile.ZipFile(file) as archive:
        entries = [(entry, archive.read(entry)) for entry in archive.infolist()]
    with zipfile.ZipFile(file, 'w') as archive:
        for entry, content in entries:
            if entry.filename == 'metadata.json':
                content = re.sub(rb'("date_saved": ")[^"]*', rb'\g<1>2026-01-01@00:00:00', content)
            if entry.filename == 'config.json':
                ids = list(dict.fromkeys(re.findall(rb'"shared_object_id": (\d+)', content)))
                content = re.sub(rb'(?<="shared_object_id": )\d+', lambda found: b'%d' % (ids.index(found[0]) + 1), content)
            entry.date_time = (1980, 1, 1, 0, 0, 0)
            archive.writestr(entry, content)


def save_saved_model(folder):
    """The graph alone: what the folder is said to be follows from it."""
    tf.saved_model.save(tf.train.Checkpoint(v=tf.Variable([1.0])), str(folder))
    for entry in folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name != 'saved_model.pb':
            entry.unlink()


def save_old_torch(state, file):
    """The format of PyTorch before 1.6, where a storage's key is its address: here its number in the order of the state."""
    key = lambda tensor: str(tensor.untyped_storage()._cdata)
    # The file has the storages in the order of their keys: as copies until that is the order of the state.
    held = []
    for before, name in zip(state, list(state)[1:]):
        while key(state[name]) < key(state[before]):
            held.append(state[name])
            state[name] = state[name].clone()
    torch.save(state, file, _use_new_zipfile_serialization=False)
    text = lambda key: b'X' + struct.pack('<I', len(key)) + key.encode()
    content = file.read_bytes()
    for number, tensor in enumerate(state.values()):
        content = content.replace(text(key(tensor)), text(str(number)))
    file.write_bytes(content)


def save_script(network, file):
    """TorchScript, whose debug information names source files: by their names alone."""
    find = torch._sources.get_source_lines_and_file

    def by_name(*args):
        lines, number, source = find(*args)
        return lines, number, source and os.path.basename(source)

    with mock.patch('torch._sources.get_source_lines_and_file', by_name):
        torch.jit.script(network).save(str(file))


def save_onnx(network, file):
    """ONNX by torch.export, without the stack traces, which name source files."""
    program = torch.onnx.export(network, (torch.zeros(1, 1, 4, 4),), dynamo=True, verbose=False)
    for node in program.model.graph:
        node.metadata_props.pop('pkg.torch.onnx.stack_trace', None)
    program.save(file, external_data=False)


def outputs(folder):
    """What the frameworks compute from the files of a folder: for each file the outputs for IMAGES."""
    def with_keras(name):
        return keras.models.load_model(folder / name, compile=False).predict(IMAGES[..., None], verbose=0)

    def with_weights(name):
        network = keras_network()
        network.set_weights([np.zeros_like(value) for value in network.get_weights()])
        network.load_weights(folder / name)
        return network.predict(IMAGES[..., None], verbose=0)

    def with_tflite(name):
        interpreter = tf.lite.Interpreter(str(folder / name))
        interpreter.resize_tensor_input(interpreter.get_input_details()[0]['index'], [2, 4, 4, 1])
        interpreter.allocate_tensors()
        interpreter.set_tensor(interpreter.get_input_details()[0]['index'], IMAGES[..., None])
        interpreter.invoke()
        return interpreter.get_tensor(interpreter.get_output_details()[0]['index'])

    def with_state(state):
        network = torch_network()
        network.load_state_dict(state)
        return with_torch(network)

    def with_torch(network):
        with torch.no_grad():
            return network(torch.from_numpy(IMAGES)[:, None]).numpy()

    def with_onnx(name):
        session = onnxruntime.InferenceSession(folder / name, providers=['CPUExecutionProvider'])
        # Both are of a batch of one.
        return np.concatenate([session.run(None, {session.get_inputs()[0].name: image[None, None]})[0] for image in IMAGES])

    return {
        **{name: with_keras(name) for name in ('model.h5', 'model.keras')},
        **{name: with_weights(name) for name in ('model.weights.h5', 'weights-only.h5')},
        'model.tflite': with_tflite('model.tflite'),
        **{name: with_state(torch.load(folder / name)) for name in ('model.pth', 'old.pth')},
        'model.safetensors': with_state(safetensors.torch.load_file(folder / 'model.safetensors')),
        'scripted.pt': with_torch(torch.jit.load(folder / 'scripted.pt')),
        **{name: with_onnx(name) for name in ('model.onnx', 'legacy.onnx')},
    }


def main():
    folder = pathlib.Path(sys.argv[1]) / 'formats'
    folder.mkdir(parents=True)

    network = keras_network()
    network.save(folder / 'model.h5')
    save_keras(network, folder / 'model.keras')
    network.save_weights(folder / 'model.weights.h5')
    # What save_weights() of Keras 2 wrote, by the writer of that format that Keras 3 keeps.
    with h5py.File(folder / 'weights-only.h5', 'w') as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, network)
    # Data in HDF5, as the CSAW contest hands out.
    with h5py.File(folder / 'data.h5', 'w') as file:
        file.create_dataset('data', data=np.zeros((2, 1, 4, 4), 'uint8'))
        file.create_dataset('label', data=np.zeros(2, 'uint8'))
    (folder / 'architecture.json').write_text(network.to_json())
    save_saved_model(folder / 'saved_model')
    (folder / 'model.tflite').write_bytes(tf.lite.TFLiteConverter.from_keras_model(network).convert())

    torched = torch_network()
    torch.save(torched.state_dict(), folder / 'model.pth')
    save_old_torch(torched.state_dict(), folder / 'old.pth')
    save_script(torched, folder / 'scripted.pt')
    (folder / 'model.pkl').write_bytes(pickle.dumps({'weight': np.zeros(2)}))
    safetensors.torch.save_file(torched.state_dict(), folder / 'model.safetensors')
    torch.onnx.export(torched, (torch.zeros(1, 1, 4, 4),), folder / 'legacy.onnx', dynamo=False)
    save_onnx(torched, folder / 'model.onnx')
    np.savez(folder / 'mnist.npz', x_train=np.zeros((2, 4, 4), 'uint8'), y_train=np.zeros(2, 'uint8'))
    np.save(folder / 'images.npy', np.zeros((2, 4, 4), 'uint8'))

    expected = {'images': IMAGES.tolist(), 'outputs': {name: values.tolist() for name, values in outputs(folder).items()}}
    (folder / 'expected.json').write_text(json.dumps(expected) + '\n')


if __name__ == '__main__':
    main()
