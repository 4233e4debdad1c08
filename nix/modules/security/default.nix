# Every file here but this one is a control: it sets secure defaults, and says what of the finished system must hold.
# framework/ compares the two, and asks for a written exception where they differ.
{
  imports = [ ./framework ] ++ map (name: ./. + "/${name}.nix") (import ./framework/names.nix);
}
