import math


def rate(epoch, epochs):
    return 0.05 * (1 + math.cos(math.pi * epoch / epochs)) / 2
