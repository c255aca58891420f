/* The program that node runs, built in. */
#ifndef TWINC_RUNTIME_CWL_SCRIPT_H
#define TWINC_RUNTIME_CWL_SCRIPT_H
const char *cwl_script_evaluate(void);
#endif
