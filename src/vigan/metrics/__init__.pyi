from vigan.metrics.two_samples import compare as compare
