def rate(epoch, epochs):
    return 0.03
