/* Points at which the tests kill or stop jig. They are there with -DJIG_FAULTS (make check) alone:
 *
 *	JIG_FAULT=NAME[:N]       SIGKILL to the process when it comes to this point for the Nth time (1)
 *	JIG_FAULT_STOP=NAME[:N]  SIGSTOP instead
 *	JIG_FAULT_LOG=FILE       a line with the name for each point that is come to
 *
 * Safe on every thread. */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#ifdef JIG_FAULTS
void fault_point(const char *name);
#else
static inline void fault_point(const char *name)
{
}
#endif

#endif
