#include "runtime/page/page.h"
#include <inttypes.h>

void page_escape(const char *text, struct buf *ret)
{
	for (; text && *text; text++)
		switch (*text) {
		case '&': buf_puts(ret, "&amp;"); break;
		case '<': buf_puts(ret, "&lt;"); break;
		case '>': buf_puts(ret, "&gt;"); break;
		case '"': buf_puts(ret, "&quot;"); break;
		case '\'': buf_puts(ret, "&#39;"); break;
		default: buf_putc(ret, (unsigned char)*text < 0x20 && *text != '\n' ? ' ' : *text);
		}
}

void page_bytes(uint64_t bytes, struct buf *ret)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double v = (double)bytes;
	size_t u = 0;
	while (v >= 1024 && u < 4) {
		v /= 1024;
		u++;
	}
	buf_printf(ret, u == 0 || v >= 100 ? "%.0f %s" : "%.1f %s", v, units[u]);
}
