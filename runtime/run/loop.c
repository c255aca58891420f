/* The real loop: the executor, signals and one timer, waited for together. */
#include "runtime/run/inside.h"
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

struct loop { int epoll, signals, timer, executor; int64_t timer_ms; int signal; sigset_t before; };

static void watch(struct loop *l, int fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };
	if (fd >= 0 && epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &e) != 0)
		bug("epoll: %s", strerror(errno));
}

static void loop_open(struct loop *l)
{
	sigset_t mask;
	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigprocmask(SIG_BLOCK, &mask, &l->before);
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	l->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	l->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	l->executor = -1;
	if (l->epoll < 0 || l->signals < 0 || l->timer < 0)
		bug("cannot make the loop: %s", strerror(errno));
	watch(l, l->signals);
	watch(l, l->timer);
}

static void loop_close(struct loop *l)
{
	close(l->epoll);
	close(l->signals);
	close(l->timer);
	sigprocmask(SIG_SETMASK, &l->before, NULL);
}

static void set_timer(struct loop *l, int64_t ms)
{
	if (ms < 0 && l->timer_ms < 0)
		return;
	l->timer_ms = ms;
	struct itimerspec t = { { 0, 0 }, { ms / 1000, ms % 1000 * 1000000 + 1 } };
	if (ms < 0)
		t.it_value = (struct timespec){ 0, 0 };
	timerfd_settime(l->timer, 0, &t, NULL);
}

static void hear_signals(struct loop *l, struct run *r)
{
	struct signalfd_siginfo s;
	while (read(l->signals, &s, sizeof s) == (ssize_t)sizeof s) {
		run_cancel(r, l->signal != 0); /* the second time by force */
		l->signal = (int)s.ssi_signo;
	}
}

#define TICK_MS 500 /* a live display moves on its own */

enum run_verdict run_loop(struct run *r, int *ret_signal)
{
	struct loop l = { 0 };
	loop_open(&l);
	while (run_turn(r)) {
		struct epoll_event events[8];
		uint64_t ticks;
		if (l.executor < 0 && run_fd(r) >= 0)
			watch(&l, l.executor = run_fd(r));
		int64_t wait = run_wait_ms(r);
		if (r->o.listener.tick && (wait < 0 || wait > TICK_MS))
			wait = TICK_MS;
		set_timer(&l, wait);
		if (epoll_wait(l.epoll, events, 8, wait == 0 ? 0 : -1) < 0 && errno != EINTR)
			bug("epoll: %s", strerror(errno));
		while (read(l.timer, &ticks, sizeof ticks) > 0)
			;
		hear_signals(&l, r);
		if (r->o.listener.tick)
			r->o.listener.tick(r->o.listener.ctx);
	}
	*ret_signal = l.signal;
	loop_close(&l);
	return run_verdict(r);
}
