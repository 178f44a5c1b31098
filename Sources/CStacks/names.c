// How a name is found: the dynamic linker knows what a file exports. Of a Swift program that is little; the rest stands in
// the table of symbols in the file, which is read for those places only that are still without a name.
#define _GNU_SOURCE
#include "names.h"

#if defined(__linux__)
#include <features.h>
#endif

#if defined(__linux__) && defined(__GLIBC__) && defined(__LP64__)

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stacks.h"

#define SYMBOL_BYTES_BOUND (256l << 20)

// Of the Swift runtime, where there is one.
extern char *swift_demangle(const char *name, size_t length, char *buffer, size_t *size, uint32_t flags)
    __attribute__((weak));

int muster_names_by_address(const void *left, const void *right) {
    uintptr_t a = ((const struct muster_place *)left)->address, b = ((const struct muster_place *)right)->address;
    return a < b ? -1 : a > b;
}

static char *plain(const char *name) {
    char *text = swift_demangle ? swift_demangle(name, strlen(name), NULL, NULL, 0) : NULL;
    return text ? text : strdup(name);
}

static void *read_part(int file, uint64_t offset, uint64_t size, off_t length) {
    if (size == 0 || size > SYMBOL_BYTES_BOUND || offset > (uint64_t)length || size > (uint64_t)length - offset) {
        return NULL;
    }
    char *bytes = malloc(size + 1);
    uint64_t have = 0;
    while (bytes && have < size) {
        ssize_t count = pread(file, bytes + have, size - have, (off_t)(offset + have));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) {
            free(bytes);
            return NULL;
        }
        have += (uint64_t)count;
    }
    if (bytes) bytes[size] = 0;
    return bytes;
}

// Names the places of one file by its own table of symbols, which also has those that it exports to nobody.
static void name_by_table(const char *path, uintptr_t base, struct muster_place *places, int count) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    struct stat facts;
    ElfW(Ehdr) head;
    ElfW(Shdr) *sections = NULL;
    ElfW(Sym) *symbols = NULL;
    char *strings = NULL;
    if (fstat(file, &facts) != 0 || pread(file, &head, sizeof head, 0) != sizeof head) goto end;
    if (memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64) goto end;
    if (head.e_shentsize != sizeof(ElfW(Shdr))) goto end;
    sections = read_part(file, head.e_shoff, (uint64_t)head.e_shnum * sizeof(ElfW(Shdr)), facts.st_size);
    if (!sections) goto end;
    uint64_t symbol_count = 0, string_bytes = 0;
    for (int i = 0; i < head.e_shnum; i++) {
        if (sections[i].sh_type != SHT_SYMTAB || sections[i].sh_link >= head.e_shnum) continue;
        const ElfW(Shdr) *names = &sections[sections[i].sh_link];
        symbols = read_part(file, sections[i].sh_offset, sections[i].sh_size, facts.st_size);
        strings = read_part(file, names->sh_offset, names->sh_size, facts.st_size);
        symbol_count = sections[i].sh_size / sizeof(ElfW(Sym));
        string_bytes = names->sh_size;
        break;
    }
    if (!symbols || !strings) goto end;
    for (uint64_t i = 0; i < symbol_count; i++) {
        if (ELF64_ST_TYPE(symbols[i].st_info) != STT_FUNC || symbols[i].st_size == 0) continue;
        if (symbols[i].st_shndx == SHN_UNDEF || symbols[i].st_name >= string_bytes) continue;
        uintptr_t start = base + symbols[i].st_value, stop = start + symbols[i].st_size;
        int low = 0, high = count;
        while (low < high) {
            int middle = (low + high) / 2;
            if (places[middle].address < start) low = middle + 1;
            else high = middle;
        }
        for (; low < count && places[low].address < stop; low++) {
            if (!places[low].name && places[low].base == base) places[low].name = plain(strings + symbols[i].st_name);
        }
    }
end:
    free(strings);
    free(symbols);
    free(sections);
    close(file);
}

void muster_names_find(struct muster_place *places, int count) {
    for (int i = 0; i < count; i++) {
        Dl_info info;
        struct link_map *map = NULL;
        if (!dladdr1((void *)places[i].address, &info, (void **)&map, RTLD_DL_LINKMAP)) continue;
        places[i].base = map ? map->l_addr : 0;
        places[i].file = info.dli_fname;
        places[i].is_of_program = map && map->l_name[0] == 0;
        if (info.dli_sname) places[i].name = plain(info.dli_sname);
    }
    for (int i = 0; i < count; i++) {
        if (places[i].name || !places[i].file) continue;
        // The way to this program may have been relative, or lead to its successor by now.
        const char *path = places[i].is_of_program ? "/proc/self/exe" : places[i].file;
        name_by_table(path, places[i].base, places, count);
        // What is still without a name has none there.
        for (int j = i; j < count; j++) {
            if (!places[j].name && places[j].base == places[i].base && places[j].file) places[j].name = strdup("");
        }
    }
}

char *muster_names_text(const struct muster_place *place) {
    char text[MUSTER_STACKS_TEXT];
    const char *file = place->file ? place->file : "?";
    const char *slash = strrchr(file, '/');
    if (slash) file = slash + 1;
    if (place->name && place->name[0]) {
        snprintf(text, sizeof text, "%.*s (%.48s)", MUSTER_STACKS_TEXT - 56, place->name, file);
    } else {
        snprintf(text, sizeof text, "%.48s+0x%lx", file, (unsigned long)(place->address - place->base));
    }
    return strdup(text);
}

#endif
