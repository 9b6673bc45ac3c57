// A few drawn signs, all on a 20 × 20 grid with the colour of the text around them.

function Icon({ path }: { readonly path: string }) {
  return (
    <svg
      className="icon"
      viewBox="0 0 20 20"
      width="18"
      height="18"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={path} />
    </svg>
  );
}

export function Hash() {
  return <Icon path="M8 3.5 6.5 16.500M13.5 3.5 12 16.500M3.5 7.500h13.500M3 12.500h13.5" />;
}

export function Lock() {
  return (
    <Icon path="M5.5 9h9a1 1 0 0 1 1 1v6a1 1 0 0 1-1 1h-9a1 1 0 0 1-1-1v-6a1 1 0 0 1 1-1ZM7 9V6.500a3 3 0 0 1 6 0V9" />
  );
}

export function Plus() {
  return <Icon path="M10 4.500v11M4.5 10h11" />;
}

export function Chevron() {
  return <Icon path="m6 8 4 4 4-4" />;
}

export function Close() {
  return <Icon path="m5.5 5.5 9 9M14.5 5.500l-9 9" />;
}

export function Reply() {
  return <Icon path="M3.5 5.500a2 2 0 0 1 2-2h9a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2H9l-3.5 3v-3a2 2 0 0 1-2-2z" />;
}

export function Send() {
  return <Icon path="M17 3 2.5 9l5.5 2.500L10.5 17z M17 3 8 11.5" />;
}

export function Menu() {
  return <Icon path="M3.5 5.500h13M3.5 10h13M3.5 14.500h13" />;
}

export function Eye() {
  return (
    <Icon path="M2 10s3-5.5 8-5.5 8 5.5 8 5.5-3 5.5-8 5.500S2 10 2 10Zm8 2.300a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.600Z" />
  );
}

export function People() {
  return (
    <Icon path="M7.5 9a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.600ZM2.5 16c0-3 2.2-4.7 5-4.700s5 1.7 5 4.700M13 4a2.6 2.6 0 0 1 0 5M14.5 11.600c1.9.500 3 2 3 4.4" />
  );
}

export function Sun() {
  return (
    <Icon path="M10 13.200a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.400ZM10 2.500v1.500M10 16v1.500M2.5 10H4M16 10h1.500M4.7 4.700l1 1M14.3 14.300l1 1M4.7 15.300l1-1M14.3 5.700l1-1" />
  );
}

export function Moon() {
  return <Icon path="M16.5 11.800A6.8 6.8 0 0 1 8.2 3.500a6.8 6.8 0 1 0 8.3 8.300Z" />;
}

export function Warning() {
  return <Icon path="M10 3.5 18 16.500H2zM10 8.500v3.500M10 14.300v.100" />;
}

export function Bolt() {
  return <Icon path="M11.5 2.500 4.500 11.500h5l-1 6 7-9h-5z" />;
}

export function More() {
  return <Icon path="M4.500 10h.100M10 10h.100M15.500 10h.100" />;
}
