// With `cacheComponents`, what depends on the moment must have a boundary above it.
import { Suspense } from "react";

export default function Layout({ children }) {
  return (
    <html lang="en">
      <body>
        <Suspense>{children}</Suspense>
      </body>
    </html>
  );
}
