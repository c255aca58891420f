/* Apart, because the table of built-in texts is another room's. */
#include "runtime/cwl/script.h"
#include "stdlib/stdlib.h"

const char *cwl_script_evaluate(void)
{
	return stdlib_scripts[0].text;
}
