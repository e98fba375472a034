/* The arithmetic of erasure coding in GF(2^8), polynomial 0x11d, as ISA-L offers it. */
#ifndef SWB_CONTENT_GALOIS_H
#define SWB_CONTENT_GALOIS_H

/* A coefficient takes so many bytes in the tables that blocks are multiplied with. */
#define SWB__GALOIS_TABLE_BYTES 32

/* ISA-L's functions under their signatures; its erasure_code.h describes them. Only what is called
 * a table, a matrix to be inverted or an output is written to. */
typedef struct swb__galois {
    const char *name;
    /* An identity of `columns` rows, and below it the rows of a Cauchy matrix. */
    void (*cauchy_matrix)(unsigned char *matrix, int rows, int columns);
    /* Destroys `matrix`; 0 where it could be inverted. */
    int (*invert)(unsigned char *matrix, unsigned char *inverse, int size);
    void (*make_tables)(int columns, int rows, unsigned char *matrix, unsigned char *tables);
    /* outputs = matrix * inputs */
    void (*multiply)(int length, int columns, int rows, unsigned char *tables,
                     unsigned char **inputs, unsigned char **outputs);
    /* outputs += one column of the matrix * its input */
    void (*add_column)(int length, int columns, int rows, int column, unsigned char *tables,
                       unsigned char *input, unsigned char **outputs);
} swb__galois;

/* NULL where the library was built without it. */
const swb__galois *swb__galois_find(void);

#endif
