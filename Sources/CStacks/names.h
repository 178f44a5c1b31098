// From addresses in this process' code to the names of functions.
#ifndef MUSTER_NAMES_H
#define MUSTER_NAMES_H

#include <stdint.h>

// One place in the code that stands in one frame or in several.
struct muster_place {
    uintptr_t address;
    char *name;
    // What is added to the addresses in its file.
    uintptr_t base;
    const char *file;
    int is_of_program;
};

int muster_names_by_address(const void *left, const void *right);

// Finds the name of each place; they are sorted by address, and no two have the same one.
void muster_names_find(struct muster_place *places, int count);

// The function and its file, or the file and the place in it; NULL where there is no memory.
char *muster_names_text(const struct muster_place *place);

#endif
