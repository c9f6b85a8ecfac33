/* Shows a skeleton only where an answer takes longer than a blink. */

const BLINK_MS = 180;

export async function withSkeleton(skeleton, content, work) {
  const timer = setTimeout(() => {
    content.hidden = true;
    skeleton.hidden = false;
  }, BLINK_MS);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
    skeleton.hidden = true;
  }
}
