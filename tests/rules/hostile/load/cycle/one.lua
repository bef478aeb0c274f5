return require "341821.two"
