"""One peer of compare.py: Keras on TensorFlow doing the step that step.cpp does; the same words on
the pipe.

    keras_step.py NET SIZE BATCH train|infer

Keras' own networks, without weights, for three classes; `cnn` is the one of nets/cnn.cpp. A step is
compiled (tf.function), as `fit` and `predict` run it.
"""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # its greetings would be read as answers
import numpy
import tensorflow as tf

from peer import serve

NETS = {"resnet50": "ResNet50", "resnet152": "ResNet152", "vgg19": "VGG19", "densenet121": "DenseNet121"}


def cnn(size):
    layers = tf.keras.layers
    stages = [layers.Input((size, size, 3))]
    for width in (32, 64, 128, 128):
        stages += [layers.Conv2D(width, 3, padding="same", activation="relu"), layers.MaxPooling2D()]
    return tf.keras.Sequential(stages + [
        layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dropout(0.5),
        layers.Dense(3, activation="softmax")])


def main():
    name, size, batch, mode = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    threads = int(os.environ.get("OMP_NUM_THREADS", os.cpu_count()))
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.keras.utils.set_random_seed(0)
    net = cnn(size) if name == "cnn" else getattr(tf.keras.applications, NETS[name])(
        weights=None, input_shape=(size, size, 3), classes=3)
    x = tf.constant(numpy.random.default_rng(0).random((batch, size, size, 3), dtype=numpy.float32) * 2 - 1)
    labels = tf.constant(numpy.arange(batch) % 3)
    if mode == "train":
        net.compile(tf.keras.optimizers.Adam(1e-4), "sparse_categorical_crossentropy")

        def once():
            net.train_on_batch(x, labels)
    else:
        forward = tf.function(lambda images: net(images, training=False))

        def once():
            forward(x).numpy()

    serve(once)


main()
