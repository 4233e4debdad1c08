{
  imports = [
    ./controls.nix
    ./exceptions.nix
    ./posture.nix
  ];
}
