/* Any bytes as the proofs beside a folder of checkpoints: what is read is written and read again the same. */
#include "runner/work/checkpoint_proof.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_free_ char *folder = path_join(target_folder(), "train.ckpt"), *path = proofs_path(folder);
	_buf_ struct buf text = BUF_INIT;
	struct map first, second;
	struct err e;

	target_write(path, data, size);
	proofs_load(folder, &first);
	for (size_t i = 0; i < first.len; i++)
		proof_add(&text, first.entries[i].key, first.entries[i].ptr);
	must(proofs_save(folder, &text, &e) >= 0);
	proofs_load(folder, &second);
	must(first.len == second.len);
	for (size_t i = 0; i < first.len; i++) {
		const struct proof *a = first.entries[i].ptr, *b = second.entries[i].ptr;

		must(!strcmp(first.entries[i].key, second.entries[i].key));
		must(a->device == b->device && a->inode == b->inode && a->size == b->size && a->at_ns == b->at_ns);
	}
	proofs_release(&first);
	proofs_release(&second);
	return 0;
}
