# call TREE INPUTS: what a flake's outputs are with these inputs, without a lock file or a network.
tree: inputs:
let
  self = outputs // {
    outPath = toString tree;
    inherit inputs outputs;
    sourceInfo.outPath = toString tree;
    _type = "flake";
  };
  outputs = (import (tree + "/flake.nix")).outputs (inputs // { inherit self; });
in
self
