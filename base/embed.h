/* A file of the source tree as bytes in the program: EMBED(schema_1, "tracker/schema/1.sql") declares
 * `const char schema_1[]` (NUL-terminated) and `const char schema_1_end[]` (the NUL). Paths are from the project's
 * root. */
#ifndef BASE_EMBED_H
#define BASE_EMBED_H

#ifdef __APPLE__
#define EMBED_SECTION_ ".const_data\n"
#define EMBED_NAME_(sym) "_" #sym
#else
#define EMBED_SECTION_ ".section .rodata\n"
#define EMBED_NAME_(sym) #sym
#endif
#define EMBED(sym, path) \
	__asm__(EMBED_SECTION_ ".global " EMBED_NAME_(sym) "\n" EMBED_NAME_(sym) ":\n.incbin \"" path "\"\n.global " \
		EMBED_NAME_(sym##_end) "\n" EMBED_NAME_(sym##_end) ":\n.byte 0\n.text\n"); \
	extern const char sym[], sym##_end[]

#endif
