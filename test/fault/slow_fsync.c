/* Loaded before libc into a node of the chaos suite: while the file that CHAOS_SLOW_FSYNC names exists, each sync to disk first waits
   for as many milliseconds as the file says. Any thread; keeps no state. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void wait_if_told(void) {
  const char* path = getenv("CHAOS_SLOW_FSYNC");
  if (path == NULL) return;
  FILE* told = fopen(path, "re");
  if (told == NULL) return;
  long milliseconds = 0;
  if (fscanf(told, "%ld", &milliseconds) != 1) milliseconds = 0;
  fclose(told);
  struct timespec left = {milliseconds / 1000, (milliseconds % 1000) * 1000000};
  while (nanosleep(&left, &left) != 0) continue;
}

#define DELAYED(name, parameters, arguments)              \
  int name parameters {                                   \
    static int(*real) parameters;                         \
    if (real == NULL) real = (int(*) parameters)dlsym(RTLD_NEXT, #name); \
    wait_if_told();                                       \
    return real arguments;                                \
  }

DELAYED(fsync, (int file), (file))
DELAYED(fdatasync, (int file), (file))
DELAYED(msync, (void* from, size_t length, int flags), (from, length, flags))
