RATES = [0.05, 0.02, 0.01]


def rate(epoch, epochs):
    return RATES[min(epoch // 10, len(RATES) - 1)]
