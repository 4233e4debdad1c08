# All that phoenix gives a system besides NixOS. Importing it changes a system to the secure defaults.
{
  imports = [
    ./core
    ./desktop
    ./guards
    ./hardware
    ./security
  ];
}
