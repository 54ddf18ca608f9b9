// Style sheets are bundled; their import gives nothing.
declare module "*.css";
