/* Units for people: what a unit measures, and a number in the unit that reads best. */
#include "compiler/base/number.h"
#include "compiler/value/unit.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A dimension, what it measures, and the units to show it in. */
struct family {
	const char *base, *measures;
	const char *units[12];
};
static const struct family families[] = {
	{"s", "a duration", {"week", "day", "h", "min", "s", "ms", "us", "ns"}},
	{"B", "a size", {"PiB", "TiB", "GiB", "MiB", "KiB", "PB", "TB", "GB", "MB", "kB", "B"}},
	{"1/s", "a rate", {"1/s", "1/min", "1/h", "1/day", "1/week", "kHz", "MHz", "GHz"}},
	{"B/s", "a throughput", {"GiB/s", "MiB/s", "KiB/s", "TB/s", "GB/s", "MB/s", "kB/s", "B/s", "GB/day", "TB/day"}},
	{"m", "a length", {"km", "m", "cm", "mm", "um", "nm"}},
	{"m^2", "an area", {"km^2", "ha", "m^2"}},
	{"m^3", "a volume", {"m^3", "L"}},
	{"g", "a mass", {"t", "kg", "g", "mg", "ug"}},
	{"K", "a temperature", {"K"}},
	{"A", "an electric current", {"A", "mA"}},
	{"mol", "an amount of substance", {"mol"}},
	{"cd", "a luminous intensity", {"cd"}},
	{"m/s", "a speed", {"m/s", "km/h"}},
	{"m/s^2", "an acceleration", {"m/s^2"}},
	{"N", "a force", {"kN", "N"}},
	{"J", "an energy", {"J", "kJ", "MJ", "GJ", "kWh", "MWh", "GWh"}},
	{"W", "a power", {"GW", "MW", "kW", "W", "mW"}},
	{"Pa", "a pressure", {"Pa", "hPa", "kPa", "MPa"}},
	{"V", "a voltage", {"kV", "V", "mV"}},
	{"kg/m^3", "a density", {"kg/m^3"}},
	{"m^3/s", "a flow", {"m^3/s", "L/s"}},
};

static const struct unit *parse(struct arena *a, const char *name)
{
	const struct unit *u = NULL;
	size_t at, len;
	unit_parse(a, name, strlen(name), &u, &at, &len);
	return u;
}

static const struct family *find_family(struct arena *a, const struct unit *u)
{
	for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
		if (unit_same_dim(parse(a, families[i].base), u))
			return &families[i];
	}
	return NULL;
}

const char *unit_dim_name(struct arena *a, const struct unit *u)
{
	if (unit_same_dim(u, NULL))
		return "a number";
	struct arena scratch = {0};
	const struct family *f = find_family(&scratch, u);
	arena_finish(&scratch);
	return f ? f->measures : arena_printf(a, "a quantity in %s", u->name);
}

static void put(const char *number, const char *unit, struct buf *ret)
{
	buf_puts(ret, number);
	buf_puts(ret, strncmp(unit, "1/", 2) == 0 ? unit + 1 : unit); /* 40/day */
}

/* To twelve digits, so that a conversion's last bit does not show. */
static double rounded(double x)
{
	char text[40];
	snprintf(text, sizeof text, "%.12g", x);
	return strtod(text, NULL);
}

void unit_show(double x, const struct unit *u, struct buf *ret)
{
	char best[NUMBER_TEXT_BYTES];
	if (!u || x == 0 || !isfinite(x)) {
		number_text(x, best);
		put(best, u ? u->name : "", ret);
		return;
	}
	struct arena scratch = {0};
	const struct family *f = unit_same_dim(u, NULL) ? NULL : find_family(&scratch, u);
	const char *best_unit = u->name;
	number_text(x, best);
	size_t best_len = strlen(best) + 1 + (fabs(x) < 1);
	for (size_t i = 0; f && i < sizeof f->units / sizeof *f->units && f->units[i]; i++) {
		double y = rounded(unit_convert(x, u, parse(&scratch, f->units[i])));
		char text[NUMBER_TEXT_BYTES];
		number_text(y, text);
		size_t len = strlen(text) + (fabs(y) < 1); /* 500MB rather than 0.5GB */
		if (len < best_len) {
			best_len = len;
			best_unit = f->units[i];
			strcpy(best, text);
		}
	}
	put(best, best_unit, ret);
	arena_finish(&scratch);
}
