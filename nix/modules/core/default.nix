{
  imports = [
    ./host.nix
    ./machine.nix
    ./defaults.nix
    ./users.nix
  ];
}
