/* Names of images. */
#ifndef RUNNER_CONTAINER_IMAGE_H
#define RUNNER_CONTAINER_IMAGE_H

/* NAME@sha256:… without a tag between: not every version takes both, and the digest alone decides. Owned; NULL when
 * there is no whole digest. */
char *container_image_exact(const char *image);

#endif
