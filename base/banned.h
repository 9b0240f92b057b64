/* Functions that invite mistakes; using one does not compile. Included by base/mem.h, hence everywhere. */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat sprintf vsprintf gets strtok atoi atol mktemp popen system localtime ctime gmtime \
	asctime

#endif
