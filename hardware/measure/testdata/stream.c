// The kernels of STREAM (copy, triad) and a plain read, on threads with parts
// of their own: stream THREADS BYTES PASSES prints the best rates in GB/s.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double *a, *b, *c;
static size_t n;
static int threads, kernel;
static volatile double sink;
static pthread_barrier_t begin, end;

static double now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + 1e-9 * t.tv_nsec;
}

static double sum(const double *restrict x, size_t from, size_t to) {
	double s = 0;
	for (size_t i = from; i < to; i++) s += x[i];
	return s;
}

static void copy(double *restrict z, const double *restrict x, size_t from, size_t to) {
	for (size_t i = from; i < to; i++) z[i] = x[i];
}

static void triad(double *restrict x, const double *restrict y, const double *restrict z, size_t from, size_t to) {
	for (size_t i = from; i < to; i++) x[i] = y[i] + 3.0 * z[i];
}

static void *work(void *arg) {
	size_t me = (size_t)arg, from = n / threads * me, to = me == (size_t)threads - 1 ? n : n / threads * (me + 1);
	for (size_t i = from; i < to; i++) a[i] = 1, b[i] = 2, c[i] = 3;
	for (;;) {
		pthread_barrier_wait(&begin);
		switch (kernel) {
		case 0: sink = sum(a, from, to) + sum(b, from, to) + sum(c, from, to); break;
		case 1: copy(c, a, from, to); break;
		case 2: triad(a, b, c, from, to); break;
		default: return NULL;
		}
		pthread_barrier_wait(&end);
	}
}

int main(int argc, char **argv) {
	if (argc != 4) return 2;
	threads = atoi(argv[1]);
	n = strtoull(argv[2], NULL, 10) / sizeof(double);
	int passes = atoi(argv[3]);
	a = aligned_alloc(4096, n * 8), b = aligned_alloc(4096, n * 8), c = aligned_alloc(4096, n * 8);
	if (!a || !b || !c || threads < 1) return 1;
	pthread_barrier_init(&begin, NULL, threads + 1);
	pthread_barrier_init(&end, NULL, threads + 1);
	pthread_t id[threads];
	for (long i = 0; i < threads; i++) pthread_create(&id[i], NULL, work, (void *)i);
	for (kernel = 0; kernel < 3; kernel++) {
		double best = 0, bytes = (kernel == 1 ? 2.0 : 3.0) * 8 * n;
		for (int p = 0; p < passes; p++) {
			double t = now();
			pthread_barrier_wait(&begin);
			pthread_barrier_wait(&end);
			t = now() - t;
			if (p > 0 && bytes / t > best) best = bytes / t;
		}
		printf("%.3f\n", best / 1e9);
	}
	pthread_barrier_wait(&begin);
	for (long i = 0; i < threads; i++) pthread_join(id[i], NULL);
	return 0;
}
