function label(n) {
	return "n=" + n;
}
