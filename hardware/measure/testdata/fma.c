// FP32 multiply-adds in vectors, twelve sums a thread: fma THREADS PASSES
// prints the best rate in GFLOPS.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#if defined(__AVX512F__)
#define WIDTH 16
#elif defined(__AVX__)
#define WIDTH 8
#else
#define WIDTH 4
#endif
typedef float vec __attribute__((vector_size(4 * WIDTH)));
enum { SUMS = 12, TURNS = 20000000 };

static int threads;
static volatile float seed = 0.5f, sink;

static void *work(void *arg) {
	vec s[SUMS], x, y;
	for (int k = 0; k < WIDTH; k++) x[k] = seed, y[k] = seed + 1;
	for (int j = 0; j < SUMS; j++)
		for (int k = 0; k < WIDTH; k++) s[j][k] = j;
	for (long i = 0; i < TURNS; i++)
#pragma GCC unroll 12
		for (int j = 0; j < SUMS; j++) s[j] = s[j] * x + y;
	for (int j = 0; j < SUMS; j++) sink = s[j][j % WIDTH];
	return arg;
}

int main(int argc, char **argv) {
	if (argc != 3) return 2;
	threads = atoi(argv[1]);
	double best = 0;
	for (int p = 0; p < atoi(argv[2]); p++) {
		pthread_t id[threads];
		struct timespec t, u;
		clock_gettime(CLOCK_MONOTONIC, &t);
		for (long i = 0; i < threads; i++) pthread_create(&id[i], NULL, work, (void *)i);
		for (long i = 0; i < threads; i++) pthread_join(id[i], NULL);
		clock_gettime(CLOCK_MONOTONIC, &u);
		double flops = 2.0 * SUMS * WIDTH * TURNS * threads / (u.tv_sec - t.tv_sec + 1e-9 * (u.tv_nsec - t.tv_nsec));
		if (flops > best) best = flops;
	}
	printf("%.3f\n", best / 1e9);
	return 0;
}
