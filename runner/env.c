#include "runner/env.h"

#include <string.h>
#include <sys/utsname.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif
#include "base/json.h"

void env_release(struct env *env)
{
	json_decref(env->detail);
	env->detail = NULL;
}

static bool is_system(const json_t *env)
{
	const char *text = json_string_value(env);

	return !env || (text && strcmp(text, "system") == 0);
}

int env_system(const struct pipeline *p, const bool *selected, struct env *ret, struct err *e)
{
	_buf_ struct buf text = BUF_INIT;
	struct utsname u;
	struct digest d;

	for (size_t i = 0; i < p->nsteps; i++) {
		const struct step *s = &p->steps[i];

		if ((selected && !selected[i]) || is_system(s->env))
			continue;
		_buf_ struct buf wanted = BUF_INIT;
		json_canonical(&wanted, s->env);
		return err_set(e, ERR_BROKEN, "%s:%d:%d: step \"%s\": this jig builds no environments, so env %s cannot be had; `env: system` uses the machine's own tools",
			       p->file, s->line, s->column, s->name, wanted.data);
	}
	uname(&u);
	*ret = (struct env){ .detail = json_object() };
	json_object_set_new(ret->detail, "os", json_string(u.sysname));
	json_object_set_new(ret->detail, "arch", json_string(u.machine));
#ifdef __GLIBC__
	json_object_set_new(ret->detail, "libc", json_string(gnu_get_libc_version()));
#endif
	buf_adds(&text, "system ");
	json_canonical(&text, ret->detail);
	sha256_bytes(text.data, text.len, &d);
	digest_to_hex(&d, ret->key);
	ret->facts = (struct env_facts){ .key = ret->key, .grade = "observed", .kind = "system", .detail = ret->detail };
	return 0;
}
