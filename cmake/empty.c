/* A room without sources yet still links. */
typedef int twinc_empty;
